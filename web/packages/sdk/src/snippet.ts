/** The snippet: buffers commands until the script is there. Bundled and shown in the documentation. */
interface Page extends Window {
  jimo?: unknown[]
  segmentJimo?: { initialized: boolean; client(): unknown }
  JIMO_PROJECT_ID?: string
  JIMO_MANUAL_INIT?: boolean
}
;((view: Page, page: Document, project: string, source: string) => {
  if (view.JIMO_PROJECT_ID) return
  view.JIMO_PROJECT_ID = project
  view.jimo = view.jimo || []
  // Segment's destination leaves a page with `jimo` as it is and asks this for its client, maybe before the script came.
  view.segmentJimo = { initialized: !view.JIMO_MANUAL_INIT, client: () => view.jimo }
  const script = page.createElement('script')
  script.async = true
  // Without the page's credentials, as boot and chunks are asked for: one connection carries them all.
  script.crossOrigin = ''
  script.src = source
  const own = page.currentScript as HTMLScriptElement | null
  if (own?.nonce) script.nonce = own.nonce
  page.head.append(script)
})(window, document, 'PROJECT_ID', 'SDK_URL')
