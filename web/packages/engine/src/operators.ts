/**
 * How one attribute value compares; `spec/tables/operators.json` is the authority. No value is converted. A missing
 * value, and one of another type than the row asks for, answer alike: true for the negative operators, else false.
 */

import type { AttributeValue, Condition } from '@handrail/wire'
import { instantOf, isDateOnly, type Zone } from './instants.ts'
import type { Search } from './pages.ts'

/** Operators that hold for a user without the attribute. */
export const NEGATIVE = ['is_not', 'not_contains', 'none_of', 'has_none', '!='] as const

/** The operators of each type, in the table's order. */
export const ROWS = {
  text: ['is', 'is_not', 'contains', 'not_contains', 'starts_with', 'ends_with', 'matches', 'one_of', 'none_of'],
  number: ['=', '!=', '<', '<=', '>', '>=', 'between'],
  boolean: ['is'],
  array: ['has_any', 'has_all', 'has_none'],
  date: ['before', 'after', 'between', 'within_last', 'more_than_ago'],
  any: ['is_set', 'is_empty'],
} as const
type Row = keyof typeof ROWS

/** Operators that may compare a survey's answer: whoever did not answer is not meant, so no negative ones. */
export const ANSWERING: ReadonlySet<string> = new Set(
  [...ROWS.text, ...ROWS.number, ...ROWS.boolean, ...ROWS.array].filter(
    (operator) => !(NEGATIVE as readonly string[]).includes(operator),
  ),
)

/** Longest window, in days. */
const MAX_DAYS = 36_600

export type AttributeLeaf = Extract<Condition, { attribute: string }>

/** What a comparison needs beside the value: the project's zone, its day today, and the search for patterns. */
export interface Calendar {
  zone: Zone
  today: number
  search: Search
}

/** Whether an attribute's value satisfies a leaf. */
export function compares(leaf: AttributeLeaf, actual: AttributeValue | undefined, calendar: Calendar): boolean {
  const { operator, value } = leaf
  const missing = actual === undefined || actual === null
  switch (rowOf(operator, value)) {
    case 'any':
      return operator === 'is_set'
        ? !missing
        : missing || actual === '' || (Array.isArray(actual) && actual.length === 0)
    case 'text':
      if (typeof actual === 'string') return compareText(operator, actual.normalize('NFC'), value, calendar.search)
      break
    case 'number':
      if (typeof actual === 'number') return compareNumber(operator, actual, value as number | [number, number])
      break
    case 'boolean':
      if (typeof actual === 'boolean') return actual === value
      break
    case 'array':
      if (Array.isArray(actual)) return compareArray(operator, actual, value as unknown[])
      break
    case 'date':
      return compareDate(operator, instantOf(actual, calendar.zone), value, calendar)
  }
  return (NEGATIVE as readonly string[]).includes(operator)
}

/** The type whose row a leaf asks; undefined when the operator cannot compare with its value. */
function rowOf(operator: string, value: unknown): Row | undefined {
  return (Object.keys(ROWS) as Row[]).find(
    (row) => (ROWS[row] as readonly string[]).includes(operator) && fits(row, operator, value),
  )
}

function fits(row: Row, operator: string, value: unknown): boolean {
  const pairOf = (test: (each: unknown) => boolean) => Array.isArray(value) && value.length === 2 && value.every(test)
  switch (row) {
    case 'any':
      return value === undefined || value === null
    case 'text':
      return operator === 'one_of' || operator === 'none_of'
        ? Array.isArray(value) && value.every((each) => typeof each === 'string')
        : typeof value === 'string'
    case 'boolean':
      return typeof value === 'boolean'
    case 'number':
      return operator === 'between' ? pairOf(Number.isFinite) : Number.isFinite(value)
    case 'array':
      return (
        Array.isArray(value) &&
        value.every((each) => typeof each === 'string' || typeof each === 'boolean' || Number.isFinite(each))
      )
    default:
      if (operator === 'between') return pairOf(isDate)
      if (operator === 'before' || operator === 'after') return isDate(value)
      return (
        Number.isInteger(value) &&
        (value as number) >= (operator === 'within_last' ? 1 : 0) &&
        (value as number) <= MAX_DAYS
      )
  }
}

/** Whether a value names an instant; which one, its zone would say. */
const isDate = (value: unknown): boolean => instantOf(value, ANYWHERE) !== null
const ANYWHERE: Zone = { dayOf: () => 0, dayStart: () => 0 }

function compareText(operator: string, actual: string, value: unknown, search: Search): boolean {
  if (Array.isArray(value)) {
    const inside = value.some((each: string) => each.normalize('NFC') === actual)
    return inside === (operator === 'one_of')
  }
  const authored = value as string
  const wanted = authored.normalize('NFC')
  switch (operator) {
    case 'is':
      return actual === wanted
    case 'is_not':
      return actual !== wanted
    case 'contains':
      return actual.includes(wanted)
    case 'not_contains':
      return !actual.includes(wanted)
    case 'starts_with':
      return actual.startsWith(wanted)
    case 'ends_with':
      return actual.endsWith(wanted)
    default:
      // A pattern that may not be used has no program, and is found nowhere.
      return search(authored, actual)
  }
}

/** How two numbers compare, by the operator's sign. */
export function compareNumber(operator: string, actual: number, value: number | readonly [number, number]): boolean {
  if (typeof value !== 'number') return value[0] <= actual && actual <= value[1]
  switch (operator) {
    case '=':
      return actual === value
    case '!=':
      return actual !== value
    case '<':
      return actual < value
    case '<=':
      return actual <= value
    case '>':
      return actual > value
    default:
      return actual >= value
  }
}

/** An array element as it compares: its type beside it, so that `true` is not 1, and text in NFC. */
export function elementKey(value: unknown): string {
  return `${typeof value} ${typeof value === 'string' ? value.normalize('NFC') : value}`
}

function compareArray(operator: string, actual: readonly unknown[], value: readonly unknown[]): boolean {
  const have = new Set(actual.map(elementKey))
  const isThere = (each: unknown) => have.has(elementKey(each))
  if (operator === 'has_all') return value.every(isThere)
  return value.some(isThere) === (operator === 'has_any')
}

export function compareDate(operator: string, actual: number | null, value: unknown, calendar: Calendar): boolean {
  if (actual === null) return false
  const [from, until] = boundsOf(operator, value, calendar)
  return from <= actual && actual < until
}

/** The instants from (inclusive) and until (exclusive) which a date leaf holds. */
function boundsOf(operator: string, value: unknown, { zone, today }: Calendar): [number, number] {
  const instant = (text: unknown) => instantOf(text, zone) ?? Number.NaN
  switch (operator) {
    case 'within_last':
      return [zone.dayStart(today - (value as number) + 1), zone.dayStart(today + 1)]
    case 'more_than_ago':
      return [-Infinity, zone.dayStart(today - (value as number) + 1)]
    case 'before':
      return [-Infinity, instant(value)]
    case 'after':
      return [instant(value) + 1, Infinity]
    default: {
      const [low, high] = value as [string, string]
      const end = isDateOnly(high) ? zone.dayStart(zone.dayOf(instant(high)) + 1) : instant(high) + 1
      return [instant(low), end]
    }
  }
}
