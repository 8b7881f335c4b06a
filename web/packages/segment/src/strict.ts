/** Strict FQL: triggers exactly as Segment's browser runtime reads and answers them, oddities included. */
import { type Token, tokenize } from './tokens.ts'
import { lookup, type Members, own, textOf } from './values.ts'

export interface Comparison {
  type: string
  operator: string
  name?: string
  value?: string | number | boolean
}
export interface Group {
  type: 'group'
  operator: string
  /** null: a member that Segment fails at. */
  children: (Comparison | Group | null)[]
}
export type Trigger = Group | { error: string }

const SUBJECTS: Record<string, string> = {
  type: 'event-type',
  event: 'event',
  name: 'name',
  userId: 'userId',
  context: 'event-context',
  properties: 'event-property',
  traits: 'event-trait',
}
const OBJECTS: Record<string, string> = {
  'event-property': 'properties',
  'event-trait': 'traits',
  'event-context': 'context',
}
const PLAIN: Record<string, string> = { 'event-type': 'type', event: 'event', name: 'name', userId: 'userId' }
const NO_TYPE = "TypeError: Cannot read properties of undefined (reading 'type')"
const isFunction = (token: Token | undefined): boolean =>
  token?.type === 'ident' && (token.value === 'contains' || token.value === 'match')

/** The trigger, or why Segment's parser fails at it. */
export function parse(text: string): Trigger {
  try {
    const node = level(joined(tokenize(text)))
    if (!node) return { error: NO_TYPE }
    return node.type === 'group' ? (node as Group) : { type: 'group', operator: 'and', children: [node] }
  } catch (problem) {
    return { error: problem instanceof Fails ? problem.message : NO_TYPE }
  }
}

class Fails extends Error {}

/** Names with dots between them become one. */
function joined(tokens: readonly Token[]): Token[] {
  const made: Token[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token
    const last = made.at(-1)
    const next = tokens[at + 1]
    if (token.type === 'dot' && last?.type === 'ident' && next?.type === 'ident') {
      made[made.length - 1] = { type: 'ident', value: `${last.value}.${next.value}` }
      at++
    } else made.push(token)
  }
  return made
}

/** One level up to its end. A group ends at the first `)`, so a group inside a group never finds its own end. */
function level(tokens: Token[]): Comparison | Group | null {
  const nodes: (Comparison | Group | null)[] = []
  let operator = 'and'
  for (let token = tokens.shift(); token && token.type !== 'eos'; token = tokens.shift()) {
    if (isFunction(token)) nodes.push(...called(token.value, tokens, false))
    else if (token.type === 'ident') {
      const first = token.value.split('.')[0] as string
      if (Object.hasOwn(SUBJECTS, first)) nodes.push(compared(SUBJECTS[first] as string, token, tokens))
    } else if (token.type === 'operator' && token.value === '!' && isFunction(tokens[0]))
      nodes.push(...called((tokens.shift() as Token).value, tokens, true))
    else if (token.type === '(') nodes.push(grouped(tokens))
    else if (token.type === 'conditional') operator = token.value
  }
  return nodes.length > 1 ? { type: 'group', operator, children: nodes } : (nodes[0] ?? null)
}

function grouped(tokens: Token[]): Comparison | Group | null {
  const inner: Token[] = []
  for (;;) {
    const token = tokens.shift()
    if (!token) throw new Fails(NO_TYPE)
    if (token.type === ')') break
    inner.push(token)
  }
  return level([...inner, { type: 'eos', value: 'eos' }])
}

function compared(type: string, field: Token, tokens: Token[]): Comparison {
  const operator = tokens.shift()
  if (!operator) throw new Fails('Error: Operator token is missing')
  const given = tokens.shift()
  if (!given) throw new Fails('Error: Value token is missing')
  const named = Object.hasOwn(OBJECTS, type) ? { name: inside(type, field.value) } : {}
  if (named.name !== undefined || type === 'userId') {
    const special = { '!= null': 'exists', '= null': 'not_exists', '= true': 'is_true', '= false': 'is_false' }
    const found = own(special, `${operator.value} ${given.value}`)
    if (found) return { type, operator: found as string, ...named }
  }
  const value = literal(given)
  if (named.name === undefined) return { type, operator: operator.value, value: textOf(value) }
  const isNumber = given.type === 'number'
  if (isNumber && operator.value === '=') return { type, operator: 'number_equals', ...named, value }
  if (isNumber && operator.value === '!=') return { type, operator: 'number_not_equals', ...named, value }
  return { type, operator: operator.value, ...named, value }
}

function inside(type: string, path: string): string {
  const start = `${OBJECTS[type]}.`
  return path.startsWith(start) ? path.slice(start.length) : path
}

function literal(token: Token): string | number | boolean {
  if (token.type === 'string') return token.value.replace(/^"/, '').replace(/"$/, '')
  if (token.type === 'number') return Number(token.value)
  if (token.type === 'ident' && (token.value === 'true' || token.value === 'false')) return token.value === 'true'
  return token.value
}

/** `contains(field, "text")` or `match(field, "a*")`: five tokens, whatever they are. */
function called(name: string, tokens: Token[], negated: boolean): Comparison[] {
  const [, field, , given] = tokens.splice(0, 5)
  if (!field) throw new Fails(`Error: ${name}() is missing a 1st argument`)
  if (!given) throw new Fails(`Error: ${name}() is missing a 2nd argument`)
  let value = textOf(literal(given))
  let operator = 'contains'
  if (name === 'match') {
    operator = given.value.endsWith('*"') ? 'starts_with' : 'ends_with'
    value = operator === 'starts_with' ? value.slice(0, -1) : value.slice(1)
  }
  if (negated) operator = `not_${operator}`
  if (['event', 'name', 'userId'].includes(field.value)) return [{ type: field.value, operator, value }]
  return Object.entries(OBJECTS)
    .filter(([, word]) => field.value.startsWith(word))
    .map(([type]) => ({ type, operator, name: inside(type, field.value), value }))
}

/** Whether an event fires a trigger. One that Segment fails at never does. */
export function matches(trigger: Trigger, event: Members): boolean {
  if ('error' in trigger) return false
  try {
    return holds(trigger, event)
  } catch {
    return false
  }
}

function holds(node: Comparison | Group | null, event: Members): boolean {
  if (!node) throw new Fails(NO_TYPE)
  if (node.type === 'group') {
    const { operator, children } = node as Group
    if (operator === 'and') return children.every((child) => holds(child, event))
    return operator === 'or' && children.some((child) => holds(child, event))
  }
  const { type, name, operator, value } = node as Comparison
  const actual =
    name === undefined ? own(event, PLAIN[type] as string) : name && lookup(own(event, OBJECTS[type] as string), name)
  const test = Object.hasOwn(TESTS, operator) ? TESTS[operator] : undefined
  return !!test?.(actual, value)
}

type Test = (actual: unknown, expected: unknown) => boolean
const ordered =
  (compare: (actual: number, expected: number) => boolean): Test =>
  (actual, expected) =>
    typeof actual === 'number' && compare(actual, Number(expected))
const text =
  (compare: (actual: string, expected: string) => boolean, wanted = true): Test =>
  (actual, expected) =>
    typeof actual === 'string' && compare(actual, textOf(expected)) === wanted
const contains = (actual: string, expected: string) => actual.includes(expected)
const starts = (actual: string, expected: string) => actual.startsWith(expected)
const ends = (actual: string, expected: string) => actual.endsWith(expected)

const TESTS: Record<string, Test> = {
  '=': (actual, expected) => actual === textOf(expected),
  '!=': (actual, expected) => actual !== textOf(expected),
  number_equals: (actual, expected) => typeof actual === 'number' && actual === expected,
  number_not_equals: (actual, expected) => typeof actual === 'number' && actual !== expected,
  '<': ordered((actual, expected) => actual < expected),
  '<=': ordered((actual, expected) => actual <= expected),
  '>': ordered((actual, expected) => actual > expected),
  '>=': ordered((actual, expected) => actual >= expected),
  contains: text(contains),
  not_contains: text(contains, false),
  starts_with: text(starts),
  not_starts_with: text(starts, false),
  ends_with: text(ends),
  not_ends_with: text(ends, false),
  exists: (actual) => actual !== undefined && actual !== null,
  not_exists: (actual) => actual === undefined || actual === null,
  is_true: (actual) => actual === true,
  is_false: (actual) => actual === false,
}
