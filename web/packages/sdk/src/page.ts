/** The address as its parts; null for one that is none. */
export function parse(href: string): URL | null {
  try {
    return new URL(href)
  } catch {
    return null
  }
}

/** The kind of device, by what it points with and how wide its screen is. */
export function deviceOf(view: Window): 'desktop' | 'tablet' | 'mobile' {
  const coarse = view.matchMedia?.('(pointer: coarse)').matches
  const narrow = Math.min(view.screen.width, view.screen.height)
  return !coarse ? 'desktop' : narrow < 600 ? 'mobile' : 'tablet'
}

/** The reader's time zone. `Temporal` is asked where there is one: `Intl` first reads all that it knows of dates, 10 to 30 ms long. */
export function zoneHere(view: Window): string {
  const { Temporal } = view as { Temporal?: { Now?: { timeZoneId?(): string } } }
  return Temporal?.Now?.timeZoneId?.() ?? Intl.DateTimeFormat().resolvedOptions().timeZone
}
