import { joined } from '@handrail/engine'
import type { ExperienceState } from '@handrail/wire'
import type { Store } from './store.ts'

/** What this browser knows the user has seen, beside what the server said; the two are joined at every question. */
export interface Ledger {
  of(key: string, server?: ExperienceState): ExperienceState
  note(key: string, said: ExperienceState): void
  /** Interrupting experiences shown here, latest instants last. */
  shown(): number[]
  noteShown(at: number): void
  clear(): void
}

export function createLedger(store: Store, who: () => string): Ledger {
  const name = () => `ledger:${who()}`
  const read = () => store.get<Record<string, ExperienceState>>(name()) ?? {}
  return {
    of: (key, server = {}) => joined(read()[key] ?? {}, server),
    note(key, said) {
      const all = read()
      all[key] = joined(all[key] ?? {}, said)
      store.set(name(), all)
    },
    shown: () => store.get<number[]>(`shown:${who()}`) ?? [],
    noteShown(at) {
      store.set(`shown:${who()}`, [...(store.get<number[]>(`shown:${who()}`) ?? []), at].slice(-20))
    },
    clear() {
      store.remove(name())
      store.remove(`shown:${who()}`)
    },
  }
}
