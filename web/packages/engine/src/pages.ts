import type { Device, UrlRule, Where } from '@handrail/wire'

/** The parts of a parsed address, as the WHATWG URL standard names them; a browser's own `URL` fits. */
export interface Address {
  href: string
  hostname: string
  pathname: string
  hash: string
  searchParams: { get(name: string): string | null }
}
/** Whether a pattern, as its author wrote it, is found in a text, or spells it as a glob (`searchIn`). */
export type Search = (pattern: string, text: string, glob?: boolean) => boolean

/** Whether an experience may show on this page and device. spec/cases/pages is the authority. */
export function covers(where: Where, address: Address | null, device: Device, search: Search): boolean {
  const { devices, include, exclude } = where
  if (devices?.length && !devices.includes(device)) return false
  const holds = (rule: UrlRule) => coversRule(rule, address, search)
  return (!include?.length || include.some(holds)) && !exclude?.some(holds)
}

/** Whether one rule holds for an address; one that did not parse satisfies none. */
export function coversRule(rule: UrlRule, address: Address | null, search: Search): boolean {
  const actual = address && partOf(rule, address)
  if (actual === null) return false
  const wanted = wantedText(rule)
  switch (rule.operator) {
    case 'equals':
      return actual === wanted
    case 'contains':
      return actual.includes(wanted)
    case 'starts_with':
      return actual.startsWith(wanted)
    case 'ends_with':
      return actual.endsWith(wanted)
    case 'glob':
      return search(wanted, actual, true)
    default:
      return search(rule.value, actual)
  }
}

function partOf(rule: UrlRule, address: Address): string | null {
  switch (rule.part) {
    case 'url':
      return address.href
    case 'host':
      return address.hostname
    case 'path':
      return address.pathname
    case 'hash':
      return address.hash.replace(/^#/, '')
    default:
      return address.searchParams.get(rule.name ?? '')?.normalize('NFC') ?? null
  }
}

/** The authored value in the form the part has: percent-encoded where a browser would, lower case for hosts. */
function wantedText(rule: UrlRule): string {
  const { part, value } = rule
  if (part === 'query') return value.normalize('NFC')
  if (part === 'host') return value.toLowerCase()
  if (rule.operator === 'matches') return value
  return percentEncoded(part === 'hash' ? value.replace(/^#/, '') : value)
}

function percentEncoded(text: string): string {
  return Array.from(text, (each) =>
    each >= '!' && each <= '~' ? each : encodeURIComponent(/^[\ud800-\udfff]$/.test(each) ? '?' : each),
  ).join('')
}
