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
