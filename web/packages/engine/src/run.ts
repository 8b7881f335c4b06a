/**
 * The run: one showing of one experience to one user, as a pure reducer. Effects are done by the caller in the order
 * given; the journal always comes first, so that a reload, a crash and a replay all go the same way.
 */

export type EndReason = 'completed' | 'dismissed' | 'snoozed' | 'target_missing' | 'paused' | 'replaced' | 'failed'

/** An answer as the run keeps it: journaled before it is said, so that it can be said again as the same event. */
export interface Given {
  answer: AnswerValue
  /** The user's own words, beside the answer `other`. */
  words?: string
  /** When it was given, in milliseconds. */
  at: number
  /** How often this question was answered in this run, from 1. */
  count: number
}
/** A scale's number, an option's key, a list of keys, or text; null takes an answer back. */
export type AnswerValue = number | string | string[] | null

export interface Run {
  id: string
  version: string
  status: 'waiting' | 'showing' | 'ended'
  /** Index of the step. */
  step: number
  /** The steps that were shown before this one, latest last. */
  visited: number[]
  /** Whether this step was drawn since the run came to it: one that never was is not visited. */
  shown: boolean
  /** Triggers of this step that have fired: once each for every time the run comes to it, reloads included. */
  fired: number[]
  /** Instants of the latest moves, to stop storms. */
  moves: number[]
  /** What was answered, by question. */
  answers?: Record<string, Given>
  /** Why it ended. */
  reason?: EndReason
}

export type RunEvent =
  | { kind: 'target_found' }
  | { kind: 'target_lost' }
  | { kind: 'wait_over' }
  | { kind: 'go_to'; to: 'next' | 'previous' | 'complete' | number }
  | { kind: 'trigger'; at: number }
  | { kind: 'answer'; question: string; given: Given }
  | { kind: 'resume' }
  | { kind: 'end'; reason: EndReason }

/** What the reducer knows of one step. `missing`: a number is the index of the step to go to. */
export interface StepPlan {
  needsTarget: boolean
  missing: 'float' | 'skip' | 'end' | number
  /** A run that ends here is completed, however it is closed. */
  completes?: boolean
}

/** Moves a run may make in a minute; more is a loop. */
export const MOST_MOVES = 50
const MINUTE = 60_000
const VISITED_KEPT = 50

/** A new run, at its first step. */
export function begin(id: string, version: string, plans: readonly StepPlan[]): Run {
  return { id, version, visited: [], moves: [], ...arrived(0, plans) }
}

/** The next state of a run. spec/cases/runs lists the transitions. */
export function advance(run: Run, event: RunEvent, plans: readonly StepPlan[], now: number): Run {
  if (run.status === 'ended') return run
  const showing = run.status === 'showing'
  switch (event.kind) {
    case 'target_found':
      return showing ? run : shown(run)
    case 'target_lost':
      return showing && plans[run.step]?.needsTarget ? { ...run, status: 'waiting' } : run
    case 'wait_over': {
      if (showing) return run
      const then = plans[run.step]?.missing ?? 'float'
      if (then === 'float') return shown(run)
      return then === 'end'
        ? ended(run, 'target_missing')
        : moved(run, then === 'skip' ? run.step + 1 : then, plans, now)
    }
    case 'go_to': {
      if (event.to === 'complete') return ended(run, 'completed')
      if (event.to !== 'previous') return moved(run, event.to === 'next' ? run.step + 1 : event.to, plans, now)
      const before = run.visited.at(-1)
      return before === undefined ? run : { ...moved(run, before, plans, now), visited: run.visited.slice(0, -1) }
    }
    case 'trigger':
      return run.fired.includes(event.at) ? run : { ...run, fired: [...run.fired, event.at] }
    case 'answer':
      return { ...run, answers: { ...run.answers, [event.question]: event.given } }
    case 'resume':
      // Another page may be another place: the target is looked for again, as long as it may take.
      return { ...run, status: arrived(run.step, plans).status }
    default:
      return ended(run, plans[run.step]?.completes ? 'completed' : event.reason)
  }
}

/**
 * What to do, in order: write the run down, or record how it ended; take down the step or only its drawing; come to a
 * step (watch its target); draw it (arm its triggers when it is new); let the next experience have its turn.
 */
export type Effect = 'journal' | 'record' | 'leave' | 'hide' | 'arrive' | 'draw' | 'release'

/** What a transition asks for; nothing when it changed nothing. Without `before`, the run is new or resumed. */
export function effectsBetween(before: Run | undefined, after: Run): Effect[] {
  if (after === before) return []
  if (after.status === 'ended') return ['record', 'leave', 'release']
  const drawn: Effect[] = after.status === 'showing' ? ['draw'] : []
  // Every move is one, also to the step where the run is already.
  if (after.moves !== before?.moves) return ['journal', 'leave', 'arrive', ...drawn]
  return after.status === before.status ? ['journal'] : ['journal', drawn[0] ?? 'hide']
}

const shown = (run: Run): Run => ({ ...run, status: 'showing', shown: true })

const ended = (run: Run, reason: EndReason): Run => ({ ...run, status: 'ended', reason })

function arrived(step: number, plans: readonly StepPlan[]): Pick<Run, 'status' | 'step' | 'shown' | 'fired'> {
  const waits = !!plans[step]?.needsTarget
  return { status: waits ? 'waiting' : 'showing', step, shown: !waits, fired: [] }
}

function moved(run: Run, to: number, plans: readonly StepPlan[], now: number): Run {
  const moves = [...run.moves.filter((instant) => instant > now - MINUTE), now]
  // A step that is not there is a mistake; past the last one is the end.
  if (to < 0 || moves.length > MOST_MOVES) return ended(run, 'failed')
  if (to >= plans.length) return ended(run, 'completed')
  return {
    ...run,
    ...arrived(to, plans),
    visited: run.shown ? [...run.visited, run.step].slice(-VISITED_KEPT) : run.visited,
    moves,
  }
}
