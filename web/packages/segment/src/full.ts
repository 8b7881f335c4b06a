/** Full FQL: the language as Segment's public reference describes it; where that is silent, cases say what we decided. */
import { BadTrigger, type Token, type TokenType, tokenize } from './tokens.ts'
import { isObject, type Members, own } from './values.ts'

type Ask = (event: Members) => unknown

const MAX_DEPTH = 16
const COMPARISONS = ['=', '!=', '<', '<=', '>', '>=']

/** The trigger as a predicate. Throws BadTrigger for what cannot be read. */
export function compile(text: string): (event: Members) => boolean {
  const tokens = tokenize(text, true)
  let at = 0
  const next = () => tokens[at] as Token
  const is = (type: TokenType, value?: string) =>
    next().type === type && (value === undefined || next().value === value)
  const take = () => tokens[next().type === 'eos' ? at : at++] as Token
  const wrong = (what: string) => new BadTrigger(`${what}, not ${next().type === 'eos' ? 'the end' : next().value}`)
  function expect(type: TokenType): Token {
    if (!is(type)) throw wrong(`${type} is expected`)
    return take()
  }

  function either(depth: number): Ask {
    if (depth > MAX_DEPTH) throw new BadTrigger(`a trigger nests at most ${MAX_DEPTH} levels deep`)
    return joined('or', () => joined('and', () => unary(depth)))
  }

  function joined(word: 'and' | 'or', member: () => Ask): Ask {
    const members = [member()]
    while (is('conditional', word)) {
      take()
      members.push(member())
    }
    const [alone] = members
    if (members.length === 1) return alone as Ask
    if (word === 'and') return (event) => members.every((each) => each(event) === true)
    return (event) => members.some((each) => each(event) === true)
  }

  function unary(depth: number): Ask {
    let negations = 0
    for (; is('operator', '!'); negations++) take()
    if (!negations) return comparison(depth)
    const inner = operand(depth)
    return (event) => (inner(event) === true) === (negations % 2 === 0)
  }

  function comparison(depth: number): Ask {
    const left = operand(depth)
    const isComparison = next().type === 'operator' && COMPARISONS.includes(next().value)
    if (!isComparison && !is('ident', 'in')) return left
    const compare = OPERATORS[take().value] as (left: unknown, right: unknown) => boolean
    const right = operand(depth)
    return (event) => compare(left(event), right(event))
  }

  function operand(depth: number): Ask {
    const token = take()
    switch (token.type) {
      case 'string': {
        const value = token.value.slice(1, -1)
        return () => value
      }
      case 'number': {
        const value = Number(token.value)
        if (Number.isNaN(value)) throw new BadTrigger('a number is expected')
        return () => value
      }
      case 'null':
        return () => null
      case '(': {
        const inner = either(depth + 1)
        expect(')')
        return inner
      }
      case '[': {
        const members = listed(']', depth)
        return (event) => members.map((each) => each(event))
      }
      case 'ident':
        if (is('(')) return called(token.value, depth)
        if (token.value === 'true' || token.value === 'false') return () => token.value === 'true'
        return path(token.value)
      default:
        throw new BadTrigger(`a value is expected, not ${token.value}`)
    }
  }

  function path(first: string): Ask {
    const keys = [first]
    while (is('dot')) {
      take()
      keys.push(expect('ident').value)
    }
    return (event) => keys.reduce<unknown>((held, key) => (isObject(held) ? (own(held, key) ?? null) : null), event)
  }

  function listed(closing: TokenType, depth: number): Ask[] {
    const members: Ask[] = []
    while (!is(closing)) {
      if (members.length) expect(',')
      members.push(either(depth + 1))
    }
    expect(closing)
    return members
  }

  function called(name: string, depth: number): Ask {
    take()
    const run = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (!run) throw new BadTrigger(`there is no function ${name}`)
    const given = listed(')', depth)
    if (given.length !== run.length)
      throw new BadTrigger(`${name}() takes ${run.length} arguments, not ${given.length}`)
    return (event) => run(...given.map((each) => each(event)))
  }

  const ask = either(0)
  expect('eos')
  return (event) => ask(event) === true
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'list'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function equal(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((each, at) => equal(each, right[at]))
  if (isObject(left) && isObject(right)) return JSON.stringify(left) === JSON.stringify(right)
  return left === right
}

const ordered = (compare: (left: number, right: number) => boolean) => (left: unknown, right: unknown) =>
  typeof left === 'number' && typeof right === 'number' && compare(left, right)

const OPERATORS: Record<string, (left: unknown, right: unknown) => boolean> = {
  '=': equal,
  '!=': (left, right) => !equal(left, right),
  '<': ordered((left, right) => left < right),
  '<=': ordered((left, right) => left <= right),
  '>': ordered((left, right) => left > right),
  '>=': ordered((left, right) => left >= right),
  in: (left, right) => Array.isArray(right) && right.some((each) => equal(left, each)),
}

const onText = (change: (text: string) => string) => (value: unknown) =>
  typeof value === 'string' ? change(value) : null
const titled = (text: string) =>
  text.replace(/(^| )([^ ])/g, (_, space: string, first: string) => space + first.toUpperCase())

function lengthOf(value: unknown): unknown {
  if (value === null || value === undefined) return 0
  if (typeof value === 'string') return new TextEncoder().encode(value).length
  return Array.isArray(value) ? value.length : null
}

function boolOf(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && value !== 'false'
  if (Array.isArray(value)) return value.length > 0
  return typeof value === 'number' ? value !== 0 : value === true
}

function stringOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value
  const made = typeof value === 'string' && value.trim() ? Number(value) : Number.NaN
  return Number.isNaN(made) ? null : made
}

// biome-ignore lint/suspicious/noExplicitAny: how many arguments each takes is checked where it is called
const FUNCTIONS: Record<string, (...values: any[]) => unknown> = {
  contains: (text: unknown, part: unknown) =>
    typeof text === 'string' && typeof part === 'string' && text.includes(part),
  match: (text: unknown, glob: unknown) => typeof text === 'string' && typeof glob === 'string' && globs(text, glob),
  length: lengthOf,
  lowercase: onText((text) => text.toLowerCase()),
  uppercase: onText((text) => text.toUpperCase()),
  snakecase: onText((text) => text.replaceAll(' ', '_')),
  kebabcase: onText((text) => text.replaceAll(' ', '-')),
  titlecase: onText(titled),
  typeof: typeName,
  bool: boolOf,
  string: stringOf,
  number: numberOf,
}

const code = (character: string) => character.codePointAt(0) as number

/** What one character may be, as ranges; null stands for any run of characters. */
type Step = [number, number][] | null

/** Whether a glob matches the whole text; takes at most text times glob steps. */
export function globs(text: string, glob: string): boolean {
  const steps = globSteps(Array.from(glob))
  const characters = Array.from(text, code)
  let [at, place, star, resumed] = [0, 0, -1, 0]
  while (at < characters.length) {
    const step = steps[place]
    const character = characters[at] as number
    if (step === null) {
      star = place++
      resumed = at
    } else if (step?.some(([low, high]) => low <= character && character <= high)) {
      at++
      place++
    } else if (star >= 0) {
      at = ++resumed
      place = star + 1
    } else return false
  }
  return steps.slice(place).every((step) => step === null)
}

/** A glob's steps: `*`, `?`, `[abc]`, `[a-z]`, `\x`; a bracket that never closes is itself. */
function globSteps(glob: string[]): Step[] {
  const steps: Step[] = []
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] as string
    const closing = character === '[' ? glob.indexOf(']', at + 2) : -1
    if (character === '\\' && at + 1 < glob.length) {
      const plain = code(glob[++at] as string)
      steps.push([[plain, plain]])
    } else if (character === '*') steps.push(null)
    else if (character === '?') steps.push([[0, 0x10ffff]])
    else if (closing > 0) {
      steps.push(ranges(glob.slice(at + 1, closing)))
      at = closing
    } else steps.push([[code(character), code(character)]])
  }
  return steps
}

function ranges(inside: string[]): [number, number][] {
  const made: [number, number][] = []
  for (let at = 0; at < inside.length; at++) {
    const low = inside[at] as string
    const isRange = inside[at + 1] === '-' && at + 2 < inside.length
    made.push([code(low), code(isRange ? (inside[at + 2] as string) : low)])
    if (isRange) at += 2
  }
  return made
}
