import type { AttributeValue, Text } from '@handrail/wire'

export type Values = (name: string) => AttributeValue | undefined

const CHIP = /\{\{\s*([A-Za-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}/g
const URL_CHIP = /\{\{\s*([A-Za-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}|\{([^{}|]+)\}/g

/** A value as text; null when missing. */
export function spoken(value: AttributeValue | undefined): string | null {
  if (value === null || value === undefined) return null
  return Array.isArray(value) ? value.map(String).join(', ') : String(value)
}

/** Text with every chip filled in; a missing value without a fallback leaves nothing. */
export function renderText(template: string, values: Values): string {
  return template.replace(CHIP, (_, name: string, fallback?: string) => spoken(values(name)) ?? fallback ?? '')
}

export type NoAddress = 'missing_value' | 'unsafe_value' | 'unsafe_url'

/** An address with every chip encoded for its place, or why it may not be followed (RULES 32). */
export function renderUrl(template: string, values: Values): { url: string } | { refused: NoAddress } {
  let out = ''
  let at = 0
  for (const found of template.matchAll(URL_CHIP)) {
    const name = found[1] ?? (/^(native|custom|company)\./.test(found[3] ?? '') ? found[3] : `custom.${found[3]}`) ?? ''
    const value = spoken(values(name)) ?? found[2]
    if (value === undefined) return { refused: 'missing_value' }
    out += template.slice(at, found.index)
    if (value.includes('\\') || value.includes('//') || !mayStand(out, value)) return { refused: 'unsafe_value' }
    out += encodeURIComponent(value).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
    at = (found.index ?? 0) + found[0].length
  }
  out += template.slice(at)
  return isSafe(out) ? { url: out } : { refused: 'unsafe_url' }
}

/** Whether a value may stand behind what was written so far: neither as a scheme, nor as or in a host. */
function mayStand(before: string, value: string): boolean {
  if (value === '.' || value === '..') return false
  if (/^(mailto|tel):/i.test(before)) return true
  const rest = before.replace(/^[A-Za-z][A-Za-z0-9+.-]*:/, '')
  return rest.startsWith('//') ? /[/?#]/.test(rest.slice(2)) : before !== ''
}

/** Whether an address is relative, or absolute with an allowed scheme; never protocol-relative or with a backslash. */
export function isSafe(address: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\\\u0000-\u0020]/.test(address) || address.startsWith('//')) return false
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(address)
  return !scheme || /^(https?|mailto|tel)$/i.test(scheme[1] as string)
}

/** The words for this reader: exact locale, its language, the document's default, the first. */
export function wordsFor(text: Text, locale: string, fallback: string): string {
  if (typeof text === 'string') return text
  const named = (name: string) => (Object.hasOwn(text, name) ? text[name] : undefined)
  return named(locale) ?? named(locale.split('-')[0] as string) ?? named(fallback) ?? Object.values(text)[0] ?? ''
}
