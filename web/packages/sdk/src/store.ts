import { jsonOf } from './json.ts'
/** What outlives a page: the browser's storage where it may be used, memory where not. Never throws. */
export interface Store {
  get<T>(name: string): T | undefined
  set(name: string, value: unknown): void
  remove(name: string): void
}

/** Characters of all our names and values together: 256 KB of a storage that the host shares with us. */
export const MOST = 256_000

export function createStore(find: () => Storage, prefix: string): Store {
  const memory = new Map<string, string>()
  let storage: Storage | undefined
  try {
    storage = find()
  } catch {
    // Denied: memory then.
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
      const text = jsonOf(value)
      memory.delete(name)
      try {
        if (!storage) throw 0
        let total = text.length
        for (const key of Object.keys(storage))
          if (key.startsWith(prefix) && key !== prefix + name) total += `${key}${storage.getItem(key)}`.length
        if (total > MOST) throw 0
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
