/** Addresses with chips in them, made safe: only content that has an address asks for it. */
export { renderUrl } from '@handrail/engine'

/** Whether the page's own router took an address of its origin. One that says false, or throws, did not. */
export function isTaken(url: string, router: unknown, view: Window): boolean {
  try {
    const { href, origin } = new URL(url, view.document.baseURI)
    return typeof router === 'function' && origin === view.location.origin && router(href) !== false
  } catch {
    return false
  }
}
