import type { ChecklistContent, ExperienceState } from '@handrail/wire'

/** A locked task waits for the ones before it. Done goes before skipped: what got done stays done. */
export type TaskState = 'done' | 'skipped' | 'open' | 'locked'

/** The state of each task in document order, how many are settled (done or skipped), and whether all are. */
export interface Progress {
  tasks: TaskState[]
  settled: number
  complete: boolean
}

/** How far a user is in a checklist. spec/cases/checklists is the authority. */
export function progressOf({ tasks, order }: ChecklistContent, { done = {}, skipped = {} }: ExperienceState): Progress {
  let settled = 0
  const states = tasks.map(({ key }, at): TaskState => {
    const state = Object.hasOwn(done, key) ? 'done' : Object.hasOwn(skipped, key) ? 'skipped' : null
    if (state) settled++
    return state ?? (order === 'in_order' && settled < at ? 'locked' : 'open')
  })
  return { tasks: states, settled, complete: settled > 0 && settled === tasks.length }
}

/** Which tasks of a checklist are settled, by key, with the latest instant at which that was told. */
export type Settled = Pick<ExperienceState, 'done' | 'skipped'>

/** Two accounts of a checklist's tasks, joined as the server's fold joins them: the latest instant of each task. */
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
