/** What is wrong with a mapping before any event meets it: Segment's own checks, in its words, and our limits. */
import { isObject, type Members, typeOf } from './values.ts'

export const ROOT = '__segment_internal_directive'
export const MAX_PATTERN = 10
export const MAX_LIQUID = 1000
const MAX_DEPTH = 32
const MAX_NODES = 5000
const MAX_TEXT = 10_000

type Path = readonly string[]
type Check = (value: unknown, path: Path) => string[]

/** Every problem, as Segment tells it: `/path/to/@directive message.`; none when the mapping can run. */
export function mappingProblems(mapping: unknown): string[] {
  const tooMuch = limits(mapping)
  return tooMuch ? [tooMuch] : checked(rooted(mapping), [])
}

/** The mapping with its root directive, if it has one, put around its other members. */
export function rooted(mapping: unknown): unknown {
  if (!isObject(mapping) || !Object.hasOwn(mapping, ROOT)) return mapping
  const { [ROOT]: root, ...rest } = mapping
  if (!isObject(root)) return root
  const [name, ...more] = Object.keys(root)
  const options = name === undefined ? undefined : root[name]
  if (more.length || !isObject(options)) return root
  return { [name as string]: { ...options, mapping: rest } }
}

const told = (path: Path, message: string) => `/${path.join('/')} ${message}.`
const article = (word: string) => `${'aeiou'.includes(word[0] ?? '') ? 'an' : 'a'} ${word}`

/** Depth, size and long texts, without recursion: a mapping that holds itself is only ever too deep. */
function limits(mapping: unknown): string | undefined {
  const waiting: [unknown, Path][] = [[mapping, []]]
  for (let count = 0; waiting.length; count++) {
    const [value, path] = waiting.pop() as [unknown, Path]
    if (path.length > MAX_DEPTH)
      return told([...path.slice(0, 3), '...'], `should nest at most ${MAX_DEPTH} levels deep`)
    if (count >= MAX_NODES) return told([], `should hold at most ${MAX_NODES} values`)
    if (typeof value === 'string' && value.length > MAX_TEXT)
      return told(path, `should be a text of length ${MAX_TEXT} or less`)
    if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) waiting.push([each, [...path, key]])
  }
  return undefined
}

function kindOf(value: unknown): string {
  return isObject(value) && Object.keys(value).some((key) => key.startsWith('@')) ? 'directive' : typeOf(value)
}

function checked(mapping: unknown, path: Path): string[] {
  const kind = kindOf(mapping)
  if (kind === 'directive') return directive(mapping as Members, path)
  if (kind !== 'object') return []
  return Object.entries(mapping as Members).flatMap(([key, value]) => checked(value, [...path, key]))
}

function directive(mapping: Members, path: Path): string[] {
  const keys = Object.keys(mapping)
  const names = keys.filter((key) => key.startsWith('@'))
  const others = keys.filter((key) => !key.startsWith('@') && key !== '_metadata')
  if (names.length > 1 || others.length) {
    const count = names.length > 1 ? names.length : keys.length
    return [told(path, `should only have one @-prefixed key but it has ${count} keys`)]
  }
  const name = names[0] as string
  const check = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined
  return check ? check(mapping[name], [...path, name]) : [told(path, `has an invalid directive: ${name}`)]
}

const orRaw: Check = (value, path) => (kindOf(value) === 'directive' ? directive(value as Members, path) : [])

const orText: Check = (value, path) => {
  const kind = kindOf(value)
  if (kind === 'directive') return directive(value as Members, path)
  return kind === 'string' ? [] : [told(path, `should be a string or a mapping directive but it is ${article(kind)}`)]
}

const typed =
  (wanted: string, said: string): Check =>
  (value, path) => {
    const kind = kindOf(value)
    return kind === wanted ? [] : [told(path, `should be ${said} but it is ${article(kind)}`)]
  }
const text = typed('string', 'a string')
const boolean = typed('boolean', 'a boolean')
const object = typed('object', 'an object')
const array = typed('array', 'an array')

const long =
  (least: number, most: number): Check =>
  (value, path) => {
    const found = text(value, path)
    if (found.length) return found
    const { length } = value as string
    if (length < least) return [told(path, `should be a string of length ${least} or greater`)]
    return length > most ? [told(path, `should be a string of length ${most} or less`)] : []
  }

/** A text, compared without case. When it runs, the word is compared with case; that is Segment's own oddity. */
const oneOf =
  (...words: string[]): Check =>
  (value, path) => {
    const found = text(value, path)
    if (found.length || words.includes((value as string).toLowerCase())) return found
    return [told(path, `should be one of ${words.join(', ')} but it is ${value}`)]
  }

const fields =
  (required: Record<string, Check>, optional: Record<string, Check>): Check =>
  (value, path) => {
    const kind = kindOf(value)
    if (kind === 'directive') {
      const name = Object.keys(value as Members).find((key) => key.startsWith('@'))
      return [told(path, `shouldn't have directive (@-prefixed) keys but it has "${name}"`)]
    }
    if (kind !== 'object') return [told(path, `should be an object but it is ${article(kind)}`)]
    const members = value as Members
    return [
      ...Object.entries(required).flatMap(([name, check]) =>
        Object.hasOwn(members, name)
          ? check(members[name], [...path, name])
          : [told(path, `should have field "${name}" but it doesn't`)],
      ),
      ...Object.entries(optional).flatMap(([name, check]) =>
        Object.hasOwn(members, name) ? check(members[name], [...path, name]) : [],
      ),
    ]
  }

const arrayPath: Check = (value, path) => {
  const found = array(value, path)
  if (found.length) return found
  const [from, shape] = value as unknown[]
  return [...orText(from, path), ...checked(shape, path)]
}

const objects: Check = (value, path) => {
  const found = array(value, path)
  if (found.length) return found
  return (value as unknown[]).flatMap((each, at) => {
    const where = [...path, String(at)]
    return kindOf(each) === 'directive' ? directive(each as Members, where) : object(each, where)
  })
}

const DIRECTIVES: Record<string, Check> = {
  '@path': orText,
  '@template': orText,
  '@literal': orRaw,
  // biome-ignore lint/suspicious/noThenProperty: the directive's own word
  '@if': fields({}, { exists: orRaw, blank: orRaw, then: orRaw, else: orRaw }),
  '@case': fields({}, { operator: text, value: orText }),
  '@replace': fields(
    { pattern: long(1, MAX_PATTERN), value: orText },
    { replacement: long(0, MAX_PATTERN), ignorecase: boolean, global: boolean },
  ),
  '@arrayPath': arrayPath,
  '@flatten': fields({ value: orRaw }, { separator: text, omitArrays: boolean }),
  '@json': fields({ value: orRaw, mode: oneOf('encode', 'decode') }, {}),
  '@merge': fields({ objects }, { direction: oneOf('left', 'right') }),
  '@transform': fields({ apply: checked, mapping: checked }, {}),
  '@excludeWhenNull': orRaw,
  '@liquid': long(0, MAX_LIQUID),
}
