/**
 * The run: one showing of one experience to one user, as a pure reducer. Effects are done by the caller, after the new
 * run was written to the journal, so that a reload, a crash and a replay all go the same way.
 */

export type EndReason = 'completed' | 'dismissed' | 'snoozed' | 'target_missing' | 'paused' | 'replaced' | 'failed'

export interface Run {
  id: string
  version: string
  status: 'waiting' | 'showing' | 'ended'
  /** Index of the step; `visited` are the ones before it, latest last. */
  step: number
  visited: number[]
  reason?: EndReason
  /** Instants of the latest transitions, to stop storms. */
  moves: number[]
}

export type RunEvent =
  | { kind: 'target_found' }
  | { kind: 'target_lost' }
  | { kind: 'wait_over' }
  | { kind: 'go_to'; to: 'next' | 'previous' | 'complete' | number }
  | { kind: 'end'; reason: EndReason }

export interface StepPlan {
  needsTarget: boolean
  missing: 'float' | 'skip' | 'end' | number
}

export const MOST_MOVES = 50
const MINUTE = 60_000

/** A new run, at its first step. */
export function begin(id: string, version: string, plans: readonly StepPlan[]): Run {
  return { id, version, status: plans[0]?.needsTarget ? 'waiting' : 'showing', step: 0, visited: [], moves: [] }
}

/** The next state of a run. spec/cases/runs lists the transitions. */
export function advance(run: Run, event: RunEvent, plans: readonly StepPlan[], now: number): Run {
  if (run.status === 'ended') return run
  switch (event.kind) {
    case 'target_found':
      return run.status === 'waiting' ? { ...run, status: 'showing' } : run
    case 'target_lost':
      return run.status === 'showing' && plans[run.step]?.needsTarget ? { ...run, status: 'waiting' } : run
    case 'wait_over': {
      if (run.status !== 'waiting') return run
      const then = plans[run.step]?.missing ?? 'float'
      if (then === 'float') return { ...run, status: 'showing' }
      if (then === 'end') return ended(run, 'target_missing')
      return moved(run, then === 'skip' ? run.step + 1 : then, plans, now)
    }
    case 'go_to': {
      if (event.to === 'complete') return ended(run, 'completed')
      if (event.to === 'previous') {
        const visited = run.visited.slice()
        const before = visited.pop()
        return before === undefined ? run : { ...moved(run, before, plans, now), visited }
      }
      return moved(run, event.to === 'next' ? run.step + 1 : event.to, plans, now)
    }
    default:
      return ended(run, event.reason)
  }
}

function moved(run: Run, to: number, plans: readonly StepPlan[], now: number): Run {
  const plan = plans[to]
  if (!plan) return ended(run, 'completed')
  const moves = [...run.moves.filter((instant) => instant > now - MINUTE), now]
  if (moves.length > MOST_MOVES) return ended(run, 'failed')
  return {
    ...run,
    status: plan.needsTarget ? 'waiting' : 'showing',
    step: to,
    visited: [...run.visited, run.step].slice(-50),
    moves,
  }
}

function ended(run: Run, reason: EndReason): Run {
  return { ...run, status: 'ended', reason }
}
