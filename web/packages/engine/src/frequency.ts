import type { ExperienceState, Frequency, RateLimit } from '@handrail/wire'
import { dayOf, dayStart } from './instants.ts'

export interface Due {
  due: boolean
  because?: 'snoozed' | 'frequency_once' | 'frequency_load' | 'frequency_days'
  againAt?: number
}

/** Whether an experience may show again. spec/cases/frequency is the authority. */
export function due(frequency: Frequency, state: ExperienceState, now: number, zone: string, shownInLoad = false): Due {
  const { last_seen = 0, dismissed = 0, completed = 0, snoozes = [] } = state
  const snooze = snoozes[snoozes.length - 1]
  // A snoozed view is no view: it is due again as soon as the snooze is over.
  if (snooze && snooze[0] >= Math.max(last_seen, dismissed, completed))
    return now >= snooze[2] ? { due: true } : { due: false, because: 'snoozed', againAt: snooze[2] }
  if (frequency.every === 'time') return shownInLoad ? { due: false, because: 'frequency_load' } : { due: true }
  if (!last_seen) return { due: true }
  if (frequency.every === 'once') return { due: false, because: 'frequency_once' }
  const next = dayOf(last_seen, zone) + frequency.days
  return dayOf(now, zone) >= next
    ? { due: true }
    : { due: false, because: 'frequency_days', againAt: dayStart(next, zone) }
}

/** Snoozes of this recurrence cycle: those after the last completion or dismissal. */
export function snoozesUsed(state: ExperienceState): number {
  const since = Math.max(state.completed ?? 0, state.dismissed ?? 0)
  return (state.snoozes ?? []).filter((snooze) => snooze[0] > since).length
}

/** A rate limit's units in milliseconds. */
const UNITS = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 }

/** When the next interrupting experience may show; 0 when it may now. */
export function limitedUntil(limit: RateLimit | undefined, now: number): number {
  if (!limit) return 0
  const window = limit.every * UNITS[limit.unit]
  const recent = (limit.shown ?? [])
    .filter((instant) => instant > now - window && instant <= now)
    .sort((one, other) => one - other)
  return recent.length < limit.count ? 0 : (recent[recent.length - limit.count] ?? 0) + window
}

/** Two accounts of one experience, joined: the least first, the greatest last, snoozes of both (RULES 44). */
export function joined(one: ExperienceState, other: ExperienceState): ExperienceState {
  const snoozes = new Map([...(one.snoozes ?? []), ...(other.snoozes ?? [])].map((snooze) => [snooze[1], snooze]))
  const most = (name: 'last_seen' | 'completed' | 'dismissed' | 'answered') =>
    Math.max(one[name] ?? 0, other[name] ?? 0)
  const firsts = [one.first_seen, other.first_seen].filter((instant): instant is number => !!instant)
  return {
    first_seen: firsts.length ? Math.min(...firsts) : 0,
    last_seen: most('last_seen'),
    completed: most('completed'),
    dismissed: most('dismissed'),
    answered: most('answered'),
    snoozes: [...snoozes.values()].sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1)).slice(-10),
  }
}
