import type { ExperienceState, Snoozed } from '@handrail/wire'

/** How many snoozes are kept, the latest; twin of the fold's. */
const SNOOZES_KEPT = 10

/**
 * Two accounts of one experience, joined as the server's fold joins them (RULES 44): the least first, the greatest
 * last, the snoozes of both. So it does not matter which account came first, or how often it came. Answers to
 * questions stay with the server; tasks are joined where checklists are (`joinedTasks`).
 */
export function joined(one: ExperienceState, other: ExperienceState): ExperienceState {
  const reset = Math.max(one.reset ?? 0, other.reset ?? 0)
  // What a member reset counts no more, whoever still remembers it.
  const after = (at: number) => (at > reset ? at : 0)
  const most = (name: 'last_seen' | 'completed' | 'dismissed' | 'answered') =>
    after(Math.max(one[name] ?? 0, other[name] ?? 0))
  // 0 is never, on both sides.
  const first = Math.min(one.first_seen || Infinity, other.first_seen || Infinity)
  const snoozes = new Map([...(one.snoozes ?? []), ...(other.snoozes ?? [])].map((each) => [each.join(), each]))
  return {
    first_seen: first < Infinity ? after(first) || most('last_seen') : 0,
    last_seen: most('last_seen'),
    completed: most('completed'),
    dismissed: most('dismissed'),
    answered: most('answered'),
    snoozes: [...snoozes.values()]
      .sort(bySnooze)
      .slice(-SNOOZES_KEPT)
      .filter((each) => each[0] > reset),
    ...(reset ? { reset } : {}),
  }
}

function bySnooze(one: Snoozed, other: Snoozed): number {
  return one[0] - other[0] || (one[1] < other[1] ? -1 : one[1] > other[1] ? 1 : one[2] - other[2])
}
