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

/**
 * `ids` are the anonymous visitor's and, once known, the user's: what the one saw the other has seen, as the server
 * joins them (RULES 44).
 */
export function createLedger(store: Store, ids: () => string[]): Ledger {
  const who = () => ids().at(-1)
  const read = (id = who()) => store.get<Record<string, ExperienceState>>(`ledger:${id}`) ?? {}
  const shown = () => ids().flatMap((id) => store.get<number[]>(`shown:${id}`) ?? [])
  return {
    of(key, server = {}) {
      let all = server
      for (const id of ids()) all = joined(read(id)[key] ?? {}, all)
      return all
    },
    note(key, said) {
      const all = read()
      all[key] = joined(all[key] ?? {}, said)
      store.set(`ledger:${who()}`, all)
    },
    shown,
    noteShown(at) {
      store.set(`shown:${who()}`, [...shown(), at].slice(-20))
    },
    clear() {
      for (const id of ids()) {
        store.remove(`ledger:${id}`)
        store.remove(`shown:${id}`)
      }
    },
  }
}
