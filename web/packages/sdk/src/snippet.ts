/** The snippet: buffers commands until the script is there. Bundled and shown in the documentation. */
;((view: Window & { jimo?: unknown[]; JIMO_PROJECT_ID?: string }, page: Document, project: string, source: string) => {
  if (view.JIMO_PROJECT_ID) return
  view.JIMO_PROJECT_ID = project
  view.jimo = view.jimo || []
  const script = page.createElement('script')
  script.async = true
  script.src = source
  const own = page.currentScript as HTMLScriptElement | null
  if (own?.nonce) script.nonce = own.nonce
  page.head.append(script)
})(window, document, 'PROJECT_ID', 'SDK_URL')
