/** What outlives a page: the browser's storage where it may be used, memory where not. Never throws. */
export interface Store {
  get<T>(name: string): T | undefined
  set(name: string, value: unknown): void
  remove(name: string): void
}

/** Longest text of one value, so that all of ours stay below 256 KB. */
export const MOST = 60_000

export function createStore(find: () => Storage, prefix: string): Store {
  const memory = new Map<string, string>()
  let storage: Storage | undefined
  try {
    storage = find()
    // Some browsers hand out a storage that refuses every write.
    storage.setItem(`${prefix}?`, '1')
    storage.removeItem(`${prefix}?`)
  } catch {
    storage = undefined
  }
  return {
    get(name) {
      try {
        const text = memory.get(name) ?? storage?.getItem(prefix + name)
        return text ? JSON.parse(text) : undefined
      } catch {
        return undefined
      }
    },
    set(name, value) {
      const text = JSON.stringify(value)
      memory.delete(name)
      try {
        if (!storage || text.length > MOST) throw 0
        storage.setItem(prefix + name, text)
      } catch {
        memory.set(name, text)
      }
    },
    remove(name) {
      memory.delete(name)
      try {
        storage?.removeItem(prefix + name)
      } catch {
        // What cannot be written cannot be left behind either.
      }
    },
  }
}
