import { type Entry, SKIPPED } from '@handrail/engine'
import type { Candidate } from '@handrail/wire'
import type { Because, Ports } from '../runtime.ts'

/** How long the server's word is waited for, in milliseconds (RULES 44). */
const WAIT = 300

/**
 * Claims what is shown strictly once for this browser, before it is drawn. Why it may not be, or nothing when it may:
 * whoever's claim came first has it, and without the server's word nobody has.
 */
export async function claim(ports: Ports, { key }: Candidate, entry: Entry): Promise<Because | undefined> {
  const { view, store, journal, newId } = ports
  const skipped: readonly string[] = SKIPPED[entry]
  if (skipped.includes('frequency') || ports.reply()?.preview) return undefined
  // Tabs that no lock keeps apart claim each for itself.
  const kept = view.navigator.locks ? store : journal
  const claimant = kept.get<string>('claimant') ?? newId()
  kept.set('claimant', claimant)
  try {
    const response = await ports.ask('claim', { experience: key, claimant }, WAIT)
    const { because }: { because?: Because | '' } = await response.json()
    return because === '' ? undefined : response.ok ? because : 'unclaimed'
  } catch {
    return 'unclaimed'
  }
}
