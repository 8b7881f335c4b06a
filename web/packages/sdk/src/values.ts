import type { AttributeValue } from '@handrail/wire'

export { readId } from '@handrail/engine'

const long = (text: string) => text.length > 700 && Array.from(text).length > 700

/** An attribute's value as it is kept; null unsets it. A sentence says why when it is refused. */
export function readValue(value: unknown): { value: AttributeValue } | { refused: string } {
  if (value === null || typeof value === 'boolean') return { value }
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? { refused: 'not a date' } : { value: value.toISOString() }
  if (typeof value === 'number') return Number.isFinite(value) ? { value } : { refused: 'not a finite number' }
  if (typeof value === 'string') return long(value) ? { refused: 'longer than 700 characters' } : { value }
  if (Array.isArray(value)) {
    const kinds = new Set(value.map((each) => typeof each))
    const [kind = 'string'] = kinds
    if (kinds.size > 1 || !['string', 'number', 'boolean'].includes(kind))
      return { refused: 'a list of mixed or nested values' }
    if (kind === 'number' && !value.every(Number.isFinite)) return { refused: 'not a finite number' }
    return long(JSON.stringify(value)) ? { refused: 'longer than 700 characters' } : { value: value as string[] }
  }
  return { refused: `a value of type ${typeof value}` }
}

/** An id nobody else has; `crypto.randomUUID` is missing on plain http. */
export function newId(): string {
  const { crypto } = globalThis
  if (crypto.randomUUID) return crypto.randomUUID()
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const LANGUAGES: Record<string, string> = { jp: 'ja', se: 'sv' }

/** A language by its own code; the contract also knows `jp` and `se`. */
export const readLanguage = (language: unknown): string | undefined =>
  typeof language === 'string' && /^[A-Za-z]{2,3}(-[\w-]+)?$/.test(language)
    ? (LANGUAGES[language] ?? language)
    : undefined
