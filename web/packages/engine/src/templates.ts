import type { AttributeValue, Text } from '@handrail/wire'

export type Values = (name: string) => AttributeValue | undefined

const CHIP = /\{\{\s*([a-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}/gi
const URL_CHIP = /\{\{\s*([a-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}|\{([^{}|]+)\}/gi

/** A value as text; null when missing. */
export function spoken(value: AttributeValue | undefined): string | null {
  if (value === null || value === undefined) return null
  return Array.isArray(value) ? value.join(', ') : String(value)
}

/** Text with every chip filled in; a missing value without a fallback leaves nothing. */
export function renderText(template: string, values: Values): string {
  return template.replace(CHIP, (_, name: string, fallback?: string) => spoken(values(name)) ?? fallback ?? '')
}

export type NoAddress = 'missing_value' | 'unsafe_value' | 'unsafe_url'

/** An address with every chip encoded for its place, or why it may not be followed (RULES 32). */
export function renderUrl(template: string, values: Values): { url: string } | { refused: NoAddress } {
  let url = ''
  // The same address with a mark for every chip: what the author wrote, without what the values said.
  let shape = ''
  let at = 0
  for (const found of template.matchAll(URL_CHIP)) {
    const name = found[1] ?? (/^(native|custom|company)\./.test(found[3] ?? '') ? found[3] : `custom.${found[3]}`) ?? ''
    const value = spoken(values(name)) ?? found[2]
    if (value === undefined) return { refused: 'missing_value' }
    const between = template.slice(at, found.index)
    url += between
    if (/\\|\/\//.test(value) || !mayStand(url)) return { refused: 'unsafe_value' }
    url += encoded(value, url)
    shape += `${between}\0`
    at = (found.index ?? 0) + found[0].length
  }
  url += template.slice(at)
  shape += template.slice(at)
  if (schemeOf(url) !== schemeOf(shape) || climbs(url, shape)) return { refused: 'unsafe_value' }
  return isSafe(url) ? { url } : { refused: 'unsafe_url' }
}

/** The scheme that an address names, lower case; undefined for a relative one. */
const schemeOf = (address: string) => /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase()

/** Whether a value may stand behind what was written so far: neither as a scheme, nor as or in a host. */
function mayStand(before: string): boolean {
  const scheme = schemeOf(before)
  if (scheme === 'mailto' || scheme === 'tel') return true
  // Browsers read https:host and https:/host as https://host.
  return scheme ? /^[^:]+:\/*[^/?#]+[/?#]/.test(before) : before !== ''
}

/** A value for its place in an address: everything that could mean something there is escaped. */
function encoded(value: string, before: string): string {
  const plain = before.includes('?') ? undefined : { mailto: /%(40|2B)/g, tel: /%2B/g }[schemeOf(before) ?? '']
  const escaped = encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return plain ? escaped.replace(plain, decodeURIComponent) : escaped
}

/** Whether a chip made a path segment `.` or `..`, which would lead to another folder than the author wrote. */
function climbs(url: string, shape: string): boolean {
  const path = (address: string) => (address.split(/[?#]/)[0] as string).split('/')
  const drawn = path(shape)
  return path(url).some((segment, at) => drawn[at]?.includes('\0') && /^(\.|%2e){1,2}$/i.test(segment))
}

/** Whether an address is relative, or absolute with an allowed scheme; never protocol-relative or with a backslash. */
export function isSafe(address: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (!address || /[\\\u0000-\u0020]/.test(address) || address.startsWith('//')) return false
  return /^(https?|mailto|tel)?$/.test(schemeOf(address) ?? '')
}

/** The words for this reader: exact locale, its language, the document's default, the first. */
export function wordsFor(text: Text, locale: string, fallback: string): string {
  if (typeof text === 'string') return text
  const named = (name: string) => (Object.hasOwn(text, name) ? text[name] : undefined)
  return named(locale) ?? named(locale.split('-')[0] as string) ?? named(fallback) ?? Object.values(text)[0] ?? ''
}
