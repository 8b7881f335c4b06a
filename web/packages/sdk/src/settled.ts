import { joinedTasks, type Settled } from '@handrail/engine'
import type { Candidate, ExperienceState } from '@handrail/wire'
import type { Kept } from './panel/panel.ts'
import type { Ports } from './runtime.ts'

/** No key of an experience has a space in it, so this stands beside what the ledger knows of each, and goes with it. */
const NAME = ' panels'
type Panels = Record<string, Record<string, Kept>>
const recordOf = (ports: Ports) => ports.store.get<Panels>(`ledger:${ports.who()}`) ?? {}

export const keptOf = (ports: Ports, key: string): Kept => recordOf(ports)[NAME]?.[key] ?? {}

export function keepOf(ports: Ports, key: string, said: Kept): void {
  const all = recordOf(ports)
  all[NAME] = { ...all[NAME], [key]: { ...all[NAME]?.[key], ...said } }
  ports.store.set(`ledger:${ports.who()}`, all)
}

/** What became of an experience for this user: what the ledger knows, and what was settled in it, here or elsewhere. */
export function stateOf(ports: Ports, { key, state = {} }: Candidate): ExperienceState {
  const known = ports.ledger.of(key, state)
  return { ...known, ...joinedTasks(keptOf(ports, key), { ...state, reset: known.reset ?? 0 }) }
}

/** Keeps that something was settled in this browser. */
export function settle(ports: Ports, key: string, said: Settled): void {
  keepOf(ports, key, joinedTasks(keptOf(ports, key), said))
}
