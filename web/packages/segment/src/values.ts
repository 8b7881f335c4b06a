/** Values as Segment's own code has them. Only own members are ever found: `__proto__` is a plain key (RULES 1). */

export type Members = Record<string, unknown>

/** An object that is no list. */
export const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The name of a value's type as Segment's messages have it. */
export const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value

/** `String(value)`, for data: an object's own `toString` is never called. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => (each === null || each === undefined ? '' : textOf(each))).join()
  return isObject(value) ? '[object Object]' : String(value)
}

/** The keys of a path, cut at dots and brackets, quotes around a key taken off. */
export const pathKeys = (path: string): string[] =>
  (path.match(/[^[.\]]+/g) ?? []).map((key) => key.replace(/^["']+|["']+$/g, ''))

/** Follows keys; the first falsy value on the way is the answer. */
export const walk = (value: unknown, keys: readonly string[]): unknown =>
  keys.reduce((held, key) => held && (Object.hasOwn(held, key) ? (held as Members)[key] : undefined), value)

/** What is at a path; `""` and `.` are the value itself. */
export function lookup(value: unknown, path: string): unknown {
  if (path === '' || path === '.') return value
  const keys = pathKeys(path)
  return keys.length ? walk(value, keys) : undefined
}

/** An own member. */
export const own = (value: Members, key: string): unknown => (Object.hasOwn(value, key) ? value[key] : undefined)
