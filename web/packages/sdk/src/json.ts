type Lists = unknown[] & { toJSON?: unknown }

function withListsAsTheyAre(this: Record<string, unknown>, name: string, made: unknown) {
  const own = this[name]
  return Array.isArray(own) ? own : made
}

/** The JSON of a value, also on pages with Prototype.js, which gives lists a `toJSON` that makes texts of them. */
export const jsonOf = (value: unknown): string =>
  JSON.stringify(value, ([] as Lists).toJSON ? withListsAsTheyAre : undefined)
