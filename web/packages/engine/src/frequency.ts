import type { ExperienceState, Frequency } from '@handrail/wire'
import type { Zone } from './instants.ts'

/** Whether it is due, the reason code when it is not, and the instant from which it is (absent for never). */
export interface Due {
  due: boolean
  because?: 'snoozed' | 'frequency_once' | 'frequency_load' | 'frequency_days'
  againAt?: number
}

/** Whether an experience may show again. spec/cases/frequency is the authority. */
export function due(
  frequency: Frequency,
  state: ExperienceState,
  now: number,
  zone: () => Zone,
  shownInLoad = false,
  stays = false,
  returns = false,
): Due {
  const { dismissed = 0, completed = 0, snoozes = [] } = state
  if (stays && completed && !returns) return { due: false, because: 'frequency_once' }
  // Seeing what stays does not use it up.
  const last_seen = (stays ? Math.max(dismissed, completed) : state.last_seen) ?? 0
  const snooze = snoozes[snoozes.length - 1]
  // A snoozed view is no view: it is due again as soon as the snooze is over.
  if (snooze && snooze[0] >= Math.max(last_seen, dismissed, completed))
    return now >= snooze[2] ? { due: true } : { due: false, because: 'snoozed', againAt: snooze[2] }
  if (frequency.every === 'time') return shownInLoad ? { due: false, because: 'frequency_load' } : { due: true }
  if (!last_seen) return { due: true }
  if (frequency.every === 'once') return { due: false, because: 'frequency_once' }
  const { dayOf, dayStart } = zone()
  const next = dayOf(last_seen) + frequency.days
  return dayOf(now) >= next ? { due: true } : { due: false, because: 'frequency_days', againAt: dayStart(next) }
}

/** Snoozes of this recurrence cycle: those after the last completion or dismissal. */
export function snoozesUsed(state: ExperienceState): number {
  const since = Math.max(state.completed ?? 0, state.dismissed ?? 0)
  return (state.snoozes ?? []).filter((snooze) => snooze[0] > since).length
}
