/** A mapping at work: Segment's thirteen directives and the root one, oddities included; `spec/cases/mapping` has them. */
import { MAX_LIQUID, MAX_PATTERN, mappingProblems, rooted } from './problems.ts'
import { isObject, lookup, type Members, own, textOf, typeOf } from './values.ts'

/** Renders Liquid: handed in by who uses mappings that need it, because the library is large. */
export type Liquid = (template: string, payload: unknown) => string

/** A mapping could not make its payload of an event. */
export class MappingFailed extends Error {}

/** Characters of made text and items of made lists, together, in one run. */
const BUDGET = 1_000_000

interface Run {
  left: number
  liquid?: Liquid | undefined
}

/** The payload that a mapping makes of an event. Throws MappingFailed. */
export function transform(mapping: unknown, data: unknown, liquid?: Liquid): unknown {
  if (!isObject(data)) throw new MappingFailed(`data must be an object, got ${typeOf(data)}`)
  const problems = mappingProblems(mapping)
  if (problems.length) throw new MappingFailed(problems.join(' '))
  return cleaned(resolve(rooted(mapping), data, { left: BUDGET, liquid }))
}

function spend(run: Run, amount: number): void {
  run.left -= amount
  if (run.left < 0) throw new MappingFailed(`This mapping makes more than ${BUDGET} characters and items of one event.`)
}

function fail(message: string): never {
  throw new MappingFailed(message)
}

const mapped = (value: Members, turn: (each: unknown) => unknown): Members =>
  Object.fromEntries(Object.entries(value).map(([key, each]) => [key, turn(each)]))

/** Without members that are undefined; what is undefined in a list is null, as JSON would have it. */
function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => (each === undefined ? null : cleaned(each)))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, cleaned(each)]])),
  )
}

function resolve(mapping: unknown, payload: unknown, run: Run): unknown {
  if (Array.isArray(mapping)) return mapping.map((each) => resolve(each, payload, run))
  if (!isObject(mapping)) return mapping
  const keys = Object.keys(mapping)
  const name = keys.find((key) => key.startsWith('@'))
  if (name === undefined || !keys.every((key) => key.startsWith('@') || key === '_metadata'))
    return mapped(mapping, (each) => resolve(each, payload, run))
  const directive = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined
  if (!directive) return fail(`${name} is not a valid directive, got undefined`)
  return directive(mapping[name], payload, run)
}

type Directive = (options: unknown, payload: unknown, run: Run) => unknown

const onText =
  (name: string, work: (text: string, payload: unknown, run: Run) => unknown): Directive =>
  (options, payload, run) => {
    const text = resolve(options, payload, run)
    return typeof text === 'string' ? work(text, payload, run) : fail(`${name}: expected string, got ${typeOf(text)}`)
  }

const path = (text: string, payload: unknown) => lookup(payload, text.replace('$.', ''))

function template(text: string, payload: unknown, run: Run): string {
  const fill = (_: string, inside: string) => {
    const value = lookup(payload, inside.trim())
    const made = value === null || value === undefined ? '' : textOf(value)
    spend(run, made.length)
    return made
  }
  return text.replace(/\{\{\{([^}]+)\}\}\}/g, fill).replace(/\{\{([^}]+)\}\}/g, fill)
}

const given = (options: unknown, needed: string): Members => (isObject(options) ? options : fail(needed))
const wanted = (options: Members, name: string, directive: string) =>
  own(options, name) || fail(`${directive} requires a "${name}" key`)

const either: Directive = (options, payload, run) => {
  const members = given(options, '@if requires an object with an "exists" key')
  const [exists, blank] = [own(members, 'exists'), own(members, 'blank')]
  if (!exists && !blank) return fail('@if requires an "exists" key or a "blank" key')
  const byBlank = exists === undefined
  const value = resolve(byBlank ? blank : exists, payload, run)
  const holds = value !== undefined && value !== null && !(byBlank && looselyEmpty(value))
  const then = own(members, 'then')
  if (holds) return then === undefined ? undefined : resolve(then, payload, run)
  return own(members, 'else') ? resolve(own(members, 'else'), payload, run) : undefined
}

/** `value == ''`, without asking an object for its own conversions. */
function looselyEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return textOf(value) === ''
  return value === 0 || value === false || value === ''
}

const letters: Directive = (options, payload, run) => {
  const members = given(options, '@case requires an object with a "operator" key')
  const operator = wanted(members, 'operator', '@case')
  if (!own(members, 'value')) return undefined
  const value = resolve(own(members, 'value'), payload, run)
  if (typeof value !== 'string') return value
  if (operator === 'lower') return value.toLowerCase()
  return operator === 'upper' ? value.toUpperCase() : fail('operator key should have a value of "lower" or "upper"')
}

const replace: Directive = (options, payload, run) => {
  const members = given(options, '@replace requires a "pattern" key')
  wanted(members, 'pattern', '@replace')
  if (!own(members, 'value')) return undefined
  let value = resolve(own(members, 'value'), payload, run)
  if (typeof value === 'boolean' || typeof value === 'number') value = String(value)
  const ignoreCase = own(members, 'ignorecase') ?? false
  const everywhere = own(members, 'global') ?? true
  if (typeof value !== 'string' || typeof ignoreCase !== 'boolean' || typeof everywhere !== 'boolean') return ''
  let made = value
  for (const suffix of ['', '2']) {
    const pattern = own(members, `pattern${suffix}`)
    const replacement = own(members, `replacement${suffix}`) ?? ''
    if (suffix && !pattern) break
    if (typeof pattern === 'string' && typeof replacement === 'string')
      made = replaced(made, pattern, replacement, ignoreCase, everywhere, run)
    else if (!suffix) return ''
  }
  return made
}

/** Plain text for plain text; authored text never becomes an expression. */
function replaced(
  text: string,
  pattern: string,
  replacement: string,
  ignoreCase: boolean,
  everywhere: boolean,
  run: Run,
): string {
  if (pattern.length > MAX_PATTERN) fail(`@replace requires a "pattern" less than ${MAX_PATTERN} characters`)
  if (replacement.length > MAX_PATTERN) fail(`@replace requires a "replacement" less than ${MAX_PATTERN} characters`)
  const fold = (part: string) => (ignoreCase ? part.toLowerCase() : part)
  const sought = fold(pattern)
  let made = ''
  let end = 0
  for (let at = 0; at + pattern.length <= text.length; ) {
    const found = text.slice(at, at + pattern.length)
    if (fold(found) !== sought) {
      at++
      continue
    }
    const inserted = expanded(replacement, text, at, found)
    spend(run, inserted.length)
    made += text.slice(end, at) + inserted
    end = at += pattern.length
    if (!everywhere) break
  }
  return made + text.slice(end)
}

/** A replacement with the sequences that `String.replace` knows: `$$`, `$&`, a backtick and a single quote. */
function expanded(replacement: string, text: string, at: number, found: string): string {
  const known: Members = { $: '$', '&': found, '`': text.slice(0, at), "'": text.slice(at + found.length) }
  return replacement.replace(/\$([$&`'])/g, (_, sign: string) => String(known[sign]))
}

const arrayPath: Directive = (options, payload, run) => {
  if (!Array.isArray(options)) return fail(`@arrayPath expected array, got ${typeOf(options)}`)
  const [from, shape] = options
  const root = typeof from === 'string' ? path(from, payload) : resolve(from, payload, run)
  const hasShape = isObject(shape) && Object.keys(shape).length > 0
  if (!hasShape || typeof root !== 'object' || root === null) return root
  const items = Array.isArray(root) ? root : [root]
  spend(run, items.length * (Object.keys(shape).length + 1))
  return items.map((item) => resolve(shape, item, run))
}

const flatten: Directive = (options, payload, run) => {
  const members = given(options, '@flatten requires a "separator" key')
  const separator = resolve(wanted(members, 'separator', '@flatten'), payload, run)
  if (typeof separator !== 'string') return fail('@flatten requires a string separator')
  const omit = !!own(members, 'omitArrays')
  const made: [string, unknown][] = []
  const flat = (value: unknown, at: string) => {
    if (isObject(value) || (Array.isArray(value) && !omit))
      for (const [key, each] of Object.entries(value)) flat(each, at ? at + separator + key : key)
    else {
      spend(run, at.length + 1)
      made.push([at, value])
    }
  }
  flat(resolve(own(members, 'value'), payload, run), '')
  return Object.fromEntries(made)
}

const json: Directive = (options, payload, run) => {
  const members = given(options, '@json requires an object with a "value" key')
  const mode = wanted(members, 'mode', '@json')
  const value = resolve(wanted(members, 'value', '@json'), payload, run)
  if (mode === 'encode') {
    const made = JSON.stringify(value) as string | undefined
    spend(run, made?.length ?? 0)
    return made
  }
  if (mode !== 'decode') return undefined
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const merge: Directive = (options, payload, run) => {
  const members = given(options, '@merge requires an object with an "objects" key and a "direction" key')
  const direction = resolve(wanted(members, 'direction', '@merge'), payload, run)
  const objects = wanted(members, 'objects', '@merge')
  if (!Array.isArray(objects)) return fail(`@merge: expected opts.array, got ${typeOf(objects)}`)
  const found = objects.map((each) => resolve(each, payload, run))
  if (direction === 'left') found.reverse()
  const spread = found.flatMap((each) => {
    const entries =
      typeof each === 'string' ? each.split('').map((unit, at) => [String(at), unit]) : Object.entries(each ?? {})
    spend(run, entries.length)
    return entries
  })
  return Object.fromEntries(spread)
}

const inner: Directive = (options, payload, run) => {
  const members = given(options, '@transform requires an object with an "apply" key and a "mapping" key')
  const mapping = wanted(members, 'mapping', '@transform')
  const apply = wanted(members, 'apply', '@transform')
  if (!isObject(apply)) return fail('@transform "apply" key should be an object')
  return resolve(mapping, cleaned(resolve(apply, payload, run)), run)
}

function withoutNull(value: unknown): unknown {
  if (value === null) return undefined
  return isObject(value) ? mapped(value, withoutNull) : value
}

function liquid(options: unknown, payload: unknown, run: Run): string {
  if (typeof options !== 'string') return fail('liquid template value must be a string')
  if (options === '') return ''
  if (options.length > MAX_LIQUID) return fail(`liquid template values are limited to ${MAX_LIQUID} characters`)
  if (!run.liquid) return fail('@liquid cannot be rendered here')
  let made: string
  try {
    made = run.liquid(options, payload)
  } catch (problem) {
    return fail(problem instanceof Error ? problem.message : String(problem))
  }
  spend(run, made.length)
  return made
}

const DIRECTIVES: Record<string, Directive> = {
  '@path': onText('@path', path),
  '@template': onText('@template', template),
  '@literal': resolve,
  '@if': either,
  '@case': letters,
  '@replace': replace,
  '@arrayPath': arrayPath,
  '@flatten': flatten,
  '@json': json,
  '@merge': merge,
  '@transform': inner,
  '@excludeWhenNull': (options, payload, run) => withoutNull(resolve(options, payload, run)),
  '@liquid': liquid,
}
