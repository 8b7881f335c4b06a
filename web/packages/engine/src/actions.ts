import type { Action } from '@handrail/wire'

/** Nominal order of one stack's actions (spec/tables/execution_order.json); they fire together, none is awaited. */
export const ORDER = [
  'go_to_step',
  'launch_experience',
  'dismiss',
  'snooze',
  'book_interview',
  'open_post',
  'launch_agent',
  'run_js',
  'navigate_to',
] as const

/** What became of the run, for all actions of a stack together. */
export type Outcome = 'completed' | 'snoozed' | 'dismissed' | null

/**
 * What one action does in its stack: what it is called, but for three. `complete` is a go_to_step that ends the run,
 * `progress` one beside an action that closes it: it is told, its step is not drawn. A snooze that is used up is a
 * `dismiss`.
 */
export interface Done {
  does: Action['type'] | 'complete' | 'progress'
  action: Action
}

/** What a stack depends on beside its actions. */
export interface Standing {
  /** Snoozes of this recurrence cycle. */
  snoozesUsed: number
  /** No step comes after this one, so that `next` completes. */
  isLast: boolean
  /** A kind that stays when it launches another: it closes its panel and keeps its run (RULES 28). */
  stays?: boolean
}

/** What ends a run, what comes first first (RULES 27). */
const OUTCOMES = [
  ['complete', 'completed'],
  ['snooze', 'snoozed'],
  ['dismiss', 'dismissed'],
  ['launch_experience', 'dismissed'],
] as const

/** A stack read as one: what each action does, in nominal order, and the one outcome (RULES 27, 30). */
export function readStack(actions: readonly Action[], { snoozesUsed, isLast, stays }: Standing): [Done[], Outcome] {
  const done = [...actions]
    .sort((one, other) => ORDER.indexOf(one.type) - ORDER.indexOf(other.type))
    .map((action): Done => {
      let does: Done['does'] = action.type
      if (action.type === 'go_to_step') {
        const { step = 'next' } = action
        if (step === 'complete' || (step === 'next' && isLast)) does = 'complete'
      } else if (action.type === 'snooze' && snoozesUsed >= (action.up_to ?? 3)) does = 'dismiss'
      return { does, action }
    })
  const ends = ([does]: (typeof OUTCOMES)[number]) =>
    !(stays && does === 'launch_experience') && done.some((each) => each.does === does)
  const outcome = OUTCOMES.find(ends)?.[1] ?? null
  if (outcome) for (const each of done) if (each.does === 'go_to_step') each.does = 'progress'
  return [done, outcome]
}
