/** Takes a preview's token out of the address and keeps it for this tab, where the SDK of this project looks for it. */
export function takeToken(view: Window, place: string | undefined): void {
  const address = new URL(view.location.href)
  const token = address.searchParams.get('handrail_preview')
  address.searchParams.delete('handrail_preview')
  view.history.replaceState(view.history.state, '', address)
  try {
    const name = `handrail:${place}:preview`
    // An empty token ends a preview.
    if (token) view.sessionStorage.setItem(name, JSON.stringify(token))
    else view.sessionStorage.removeItem(name)
  } catch {
    // Without a storage there is no preview; the page is as it is without one.
  }
}
