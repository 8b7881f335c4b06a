import { joinedTasks } from '@handrail/engine'
import type { Candidate, ExperienceState } from '@handrail/wire'
import type { Ports } from '../runtime.ts'
import { keptOf } from './panel.ts'

/** What became of a checklist for this user: what the ledger knows, and its tasks, settled here or elsewhere. */
export function stateOf(ports: Ports, { key, state = {} }: Candidate): ExperienceState {
  const known = ports.ledger.of(key, state)
  return { ...known, ...joinedTasks(keptOf(ports, key), { ...state, reset: known.reset ?? 0 }) }
}
