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

/** A stack in nominal order; the stored order is only for display and for the combination rule. */
export function inNominalOrder(actions: readonly Action[]): Action[] {
  return [...actions].sort((one, other) => ORDER.indexOf(one.type) - ORDER.indexOf(other.type))
}

export type Outcome = 'completed' | 'snoozed' | 'dismissed' | null

/**
 * The one outcome of a stack (RULES 27): complete, then an explicit snooze, an explicit dismiss, a launch's implicit
 * one. A snooze that is used up acts as dismiss (RULES 30).
 */
export function outcomeOf(actions: readonly Action[], snoozesUsed: number): Outcome {
  const has = (type: Action['type']) => actions.find((action) => action.type === type)
  const step = has('go_to_step')
  if (step?.type === 'go_to_step' && step.step === 'complete') return 'completed'
  const snooze = has('snooze')
  if (snooze?.type === 'snooze') return snoozesUsed < (snooze.up_to ?? 3) ? 'snoozed' : 'dismissed'
  return has('dismiss') || has('launch_experience') ? 'dismissed' : null
}
