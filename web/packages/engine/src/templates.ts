import type { AttributeValue, Text } from '@handrail/wire'

export type Values = (name: string) => AttributeValue | undefined

const CHIP = /\{\{\s*([a-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}/gi

/** A value as text; null when missing. */
export function spoken(value: AttributeValue | undefined): string | null {
  if (value === null || value === undefined) return null
  return Array.isArray(value) ? value.join(', ') : String(value)
}

/** Text with every chip filled in; a missing value without a fallback leaves nothing. */
export function renderText(template: string, values: Values): string {
  return template.replace(CHIP, (_, name: string, fallback?: string) => spoken(values(name)) ?? fallback ?? '')
}

/** The words for this reader: exact locale, its language, the document's default, the first. */
export function wordsFor(text: Text, locale: string, fallback: string): string {
  if (typeof text === 'string') return text
  const named = (name: string) => (Object.hasOwn(text, name) ? text[name] : undefined)
  return named(locale) ?? named(locale.split('-')[0] as string) ?? named(fallback) ?? Object.values(text)[0] ?? ''
}
