import type { ExperienceState, Frequency } from '@handrail/wire'
import type { Zone } from './instants.ts'

/** Why it is not due, and the instant from which it is (absent for never); nothing where it is due. */
export interface Due {
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
  if (stays && completed && !returns) return { because: 'frequency_once' }
  // Seeing what stays does not use it up.
  const last_seen = (stays ? Math.max(dismissed, completed) : state.last_seen) ?? 0
  const snooze = snoozes.at(-1)
  // A snoozed view is no view: it is due again as soon as the snooze is over.
  if (snooze && snooze[0] >= Math.max(last_seen, dismissed, completed))
    return now >= snooze[2] ? {} : { because: 'snoozed', againAt: snooze[2] }
  if (frequency.every === 'time') return shownInLoad ? { because: 'frequency_load' } : {}
  if (!last_seen) return {}
  if (frequency.every === 'once') return { because: 'frequency_once' }
  const { dayOf, dayStart } = zone()
  const next = dayOf(last_seen) + frequency.days
  return dayOf(now) >= next ? {} : { because: 'frequency_days', againAt: dayStart(next) }
}

/** Snoozes of this recurrence cycle: those after the last completion or dismissal. */
export function snoozesUsed(state: ExperienceState): number {
  const since = Math.max(state.completed ?? 0, state.dismissed ?? 0)
  return (state.snoozes ?? []).filter((snooze) => snooze[0] > since).length
}
