const NEVER = new Set(['', 'null', 'undefined', '[object Object]'])

/** Longest id, in characters. */
const MAX_USER_ID = 512

/** The id of a user or a company as text, or why it is none (RULES 4). */
export function readId(value: unknown): { id: string } | { refused: string } {
  const text = typeof value === 'number' && Number.isFinite(value) ? decimal(value) : value
  if (typeof text !== 'string')
    return { refused: `an id is text or a number, not ${Array.isArray(value) ? 'an array' : typeof value}` }
  // What no database keeps: NUL, and half a character, as where a text was cut inside an emoji.
  if (NEVER.has(text.trim()) || /\0|\p{Cs}/u.test(text)) return { refused: `${JSON.stringify(text)} is no id` }
  return Array.from(text).length > MAX_USER_ID ? { refused: 'an id has at most 512 characters' } : { id: text }
}

/** A number without an exponent, as a database that counts ids writes it. */
function decimal(value: number): string {
  if (Number.isInteger(value)) return String(BigInt(value))
  return String(value).replace(
    /(\d)\.?(\d*)e-(\d+)/,
    (_, first: string, rest: string, by: string) => `0.${'0'.repeat(Number(by) - 1)}${first}${rest}`,
  )
}
