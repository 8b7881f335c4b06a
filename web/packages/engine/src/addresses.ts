import { spoken, type Values } from './templates.ts'

const URL_CHIP = /\{\{\s*([a-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}|\{([^{}|]+)\}/gi

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
    if (/\\|\/\//.test(value) || !MAY_STAND.test(url)) return { refused: 'unsafe_value' }
    url += encoded(value, url)
    shape += `${between}\0`
    at = (found.index ?? 0) + found[0].length
  }
  url += template.slice(at)
  shape += template.slice(at)
  if (leadOf(url) !== leadOf(shape)) return { refused: 'unsafe_value' }
  return isSafe(url) ? { url } : { refused: 'unsafe_url' }
}

/**
 * What a value may stand behind: mailto and tel, a complete host (browsers read `https:host` as `https://host`), or
 * anything relative that is not empty. So it is neither a scheme, nor a host or a part of one.
 */
const MAY_STAND = /^(mailto:|tel:|[a-z][a-z0-9+.-]*:\/*[^/?#]+[/?#]|(?![a-z][a-z0-9+.-]*:).)/is

/** A value for its place in an address: everything that could mean something there is escaped. */
function encoded(value: string, before: string): string {
  const escaped = encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return /^(mailto|tel):[^?]*$/i.test(before) ? escaped.replace(/%(40|2B)/g, decodeURIComponent) : escaped
}

/** Where an address leads: its scheme, and how many segments of its path are `.` or `..`. No value may change that. */
const leadOf = (address: string) =>
  /^[a-z][a-z0-9+.-]*:/i.exec(address) +
  ` ${address.replace(/[?#].*/s, '').match(/(^|\/)(\.|%2e){1,2}(?=\/|$)/gi)?.length}`

/** Whether an address is relative, or absolute with an allowed scheme; not protocol-relative, no backslash or blank. */
export function isSafe(address: string): boolean {
  return /^(?!\/\/)((https?|mailto|tel):|(?![a-z][a-z0-9+.-]*:))[^\\\0- ]+$/i.test(address)
}
