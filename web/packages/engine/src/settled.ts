import type { ExperienceState } from '@handrail/wire'

/** What is settled (tasks of a checklist, opened marks of a hint, the like of a post), by key, with the latest instant at which that was told. */
export type Settled = Pick<ExperienceState, 'done' | 'skipped'>

/** Two accounts of that, joined as the server's fold joins them: the latest instant of each. */
export function joinedTasks(one: Settled, other: Settled & Pick<ExperienceState, 'reset'>): Settled {
  const { reset = 0 } = other
  const join = (name: 'done' | 'skipped'): Record<string, number> =>
    Object.fromEntries(
      [one, other]
        .flatMap((each) => Object.entries(each[name] ?? {}))
        // What a member reset counts no more, whoever still remembers it.
        .filter(([, at]) => at > reset)
        // Of a task that both know, the later pair stands in place of the one before.
        .sort(([, at], [, than]) => at - than),
    )
  return { done: join('done'), skipped: join('skipped') }
}
