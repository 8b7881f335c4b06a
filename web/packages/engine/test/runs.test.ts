import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AnswerValue,
  advance,
  begin,
  type EndReason,
  effectsBetween,
  MOST_MOVES,
  type Run,
  type RunEvent,
} from '../src/index.ts'
import type { StepPlan } from '../src/run.ts'
import { loadCases } from './cases.ts'

type Told =
  | 'next'
  | 'previous'
  | 'complete'
  | 'target_found'
  | 'target_lost'
  | 'wait_over'
  | 'resume'
  | { go_to: number }
  | { trigger: number }
  | { answer: string; value: AnswerValue }
  | { end: EndReason }
  | { after: number }
interface Transition {
  steps: { needs_target?: boolean; missing?: StepPlan['missing']; completes?: boolean }[]
  events: Told[]
  run: {
    status: Run['status']
    step: number
    visited?: number[]
    fired?: number[]
    answers?: Record<string, AnswerValue>
    reason?: EndReason
  }
  effects?: string[]
}

/** The reducer's event for a case's word; none for the passing of time. */
function eventOf(told: Told): RunEvent | undefined {
  if (told === 'next' || told === 'previous' || told === 'complete') return { kind: 'go_to', to: told }
  if (typeof told === 'string') return { kind: told }
  if ('go_to' in told) return { kind: 'go_to', to: told.go_to }
  if ('trigger' in told) return { kind: 'trigger', at: told.trigger }
  if ('answer' in told) {
    const given = { answer: told.value, at: 0, count: 1 }
    return { kind: 'answer', question: told.answer, given }
  }
  return 'end' in told ? { kind: 'end', reason: told.end } : undefined
}

const plansOf = (steps: Transition['steps']): StepPlan[] =>
  steps.map(({ needs_target = false, missing = 'float', completes = false }) => ({
    needsTarget: needs_target,
    missing,
    completes,
  }))

const transitions = loadCases<Transition>('runs')

describe('runs', () => {
  test('there are at least sixty transitions', () => {
    expect(transitions.length).toBeGreaterThanOrEqual(60)
  })

  test.each(transitions)('$file: $name', ({ steps, events, run: expected, effects }) => {
    const plans = plansOf(steps)
    let now = 1_000_000
    let before: Run | undefined
    let run = begin('r', 'v', plans)
    for (const told of events) {
      const event = eventOf(told)
      if (event) {
        before = run
        run = advance(run, event, plans, now)
      } else if (typeof told === 'object' && 'after' in told) now += told.after
    }
    const { status, step, visited, fired, reason } = run
    const answers =
      run.answers && Object.fromEntries(Object.entries(run.answers).map(([key, { answer }]) => [key, answer]))
    expect({ status, step, visited, fired, answers, reason }).toEqual({
      visited: [],
      fired: [],
      answers: undefined,
      reason: undefined,
      ...expected,
    })
    if (effects) expect(effectsBetween(before, run)).toEqual(effects)
  })
})

describe('the reducer', () => {
  const plan = fc.record<StepPlan>({
    needsTarget: fc.boolean(),
    missing: fc.oneof(fc.constantFrom('float' as const, 'skip' as const, 'end' as const), fc.nat(3)),
  })
  const plans = fc.array(plan, { minLength: 1, maxLength: 4 })
  const event = fc.oneof<fc.Arbitrary<RunEvent>[]>(
    fc.constantFrom<RunEvent>(
      { kind: 'target_found' },
      { kind: 'target_lost' },
      { kind: 'wait_over' },
      { kind: 'resume' },
      { kind: 'go_to', to: 'next' },
      { kind: 'go_to', to: 'previous' },
      { kind: 'go_to', to: 'complete' },
    ),
    fc.record({ kind: fc.constant('go_to' as const), to: fc.integer({ min: -1, max: 4 }) }),
    fc.record({ kind: fc.constant('trigger' as const), at: fc.nat(2) }),
    fc.record({ kind: fc.constant('end' as const), reason: fc.constantFrom<EndReason>('dismissed', 'paused') }),
  )
  const story = fc.array(fc.tuple(event, fc.nat(5_000)), { maxLength: 120 })

  /** Every state of a run, each with the event that led there. */
  function* lived(steps: StepPlan[], events: [RunEvent, number][]): Generator<[Run, Run, number]> {
    let now = 0
    let run = begin('r', 'v', steps)
    for (const [each, later] of events) {
      now += later
      const after = advance(run, each, steps, now)
      yield [run, after, now]
      run = after
    }
  }

  test('never leaves an end, and an end always has its reason', () => {
    fc.assert(
      fc.property(plans, story, (steps, events) => {
        for (const [before, after] of lived(steps, events)) {
          expect(after.reason !== undefined).toBe(after.status === 'ended')
          if (before.status === 'ended') expect(after).toBe(before)
        }
      }),
    )
  })

  test('is always on a step that is there, and has visited only such', () => {
    fc.assert(
      fc.property(plans, story, (steps, events) => {
        for (const [, after] of lived(steps, events))
          for (const step of [after.step, ...after.visited]) expect(steps[step]).toBeDefined()
      }),
    )
  })

  test('never moves more than fifty times in a minute', () => {
    fc.assert(
      fc.property(plans, story, (steps, events) => {
        const moves: number[] = []
        for (const [before, after, now] of lived(steps, events)) {
          if (after.moves !== before.moves) moves.push(now)
          expect(moves.filter((instant) => instant > now - 60_000).length).toBeLessThanOrEqual(MOST_MOVES)
        }
      }),
    )
  })

  test('changes nothing in what it was given', () => {
    fc.assert(
      fc.property(plans, story, (steps, events) => {
        let run = begin('r', 'v', steps)
        for (const [each, now] of events) {
          const copy = structuredClone(run)
          const after = advance(run, each, steps, now)
          expect(run).toEqual(copy)
          run = after
        }
      }),
    )
  })

  test('goes the same way when it goes on from its journal, which is written before anything else', () => {
    fc.assert(
      fc.property(plans, story, (steps, events) => {
        let run = begin('r', 'v', steps)
        for (const [each, now] of events) {
          const after = advance(run, each, steps, now)
          expect(advance(JSON.parse(JSON.stringify(run)) as Run, each, steps, now)).toEqual(after)
          const [first] = effectsBetween(run, after)
          expect(first).toBe(after === run ? undefined : after.status === 'ended' ? 'record' : 'journal')
          run = after
        }
      }),
    )
  })

  test('draws exactly while the run shows', () => {
    fc.assert(
      fc.property(plans, story, (steps, events) => {
        let run = begin('r', 'v', steps)
        let isDrawn = false
        const perform = (before: Run | undefined) => {
          for (const effect of effectsBetween(before, run)) {
            if (effect === 'draw') isDrawn = true
            if (effect === 'leave' || effect === 'hide') isDrawn = false
          }
          expect(isDrawn).toBe(run.status === 'showing')
        }
        perform(undefined)
        for (const [each, now] of events) {
          const before = run
          run = advance(run, each, steps, now)
          perform(before)
        }
      }),
    )
  })
})
