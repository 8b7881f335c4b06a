import type { ExperienceState, Snoozed } from '@handrail/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joined } from '../src/index.ts'

const at = fc.oneof(fc.constant(0), fc.nat(50))
const snooze = fc.tuple(fc.nat(20), fc.constantFrom('m1', 'm2', 'm3'), fc.nat(3)) as fc.Arbitrary<Snoozed>
const state: fc.Arbitrary<ExperienceState> = fc.record(
  {
    first_seen: at,
    last_seen: at,
    completed: at,
    dismissed: at,
    answered: at,
    snoozes: fc.array(snooze, { maxLength: 14 }),
  },
  { requiredKeys: [] },
)

describe('the ledger’s join', () => {
  test('does not mind who came first', () => {
    fc.assert(
      fc.property(state, state, (one, other) => {
        expect(joined(one, other)).toEqual(joined(other, one))
      }),
    )
  })

  test('does not mind in which pairs they are joined', () => {
    fc.assert(
      fc.property(state, state, state, (one, two, three) => {
        expect(joined(joined(one, two), three)).toEqual(joined(one, joined(two, three)))
      }),
    )
  })

  test('does not mind hearing the same twice', () => {
    fc.assert(
      fc.property(state, state, (one, other) => {
        const once = joined(one, other)
        expect(joined(once, other)).toEqual(once)
        expect(joined(once, once)).toEqual(once)
      }),
    )
  })

  test('keeps the earliest first sight and the latest of everything else', () => {
    expect(
      joined(
        { first_seen: 20, last_seen: 20, completed: 5, snoozes: [[7, 'b', 9]] },
        { first_seen: 10, last_seen: 15, dismissed: 3, snoozes: [[6, 'a', 8]] },
      ),
    ).toEqual({
      first_seen: 10,
      last_seen: 20,
      completed: 5,
      dismissed: 3,
      answered: 0,
      snoozes: [
        [6, 'a', 8],
        [7, 'b', 9],
      ],
    })
  })

  test('takes 0 for never, not for long ago', () => {
    expect(joined({ first_seen: 0 }, { first_seen: 10 }).first_seen).toBe(10)
    expect(joined({}, {}).first_seen).toBe(0)
  })

  test('keeps the ten latest snoozes', () => {
    const many = Array.from({ length: 12 }, (_, number): Snoozed => [number, `m${number}`, number + 1])
    expect(joined({ snoozes: many.slice(6) }, { snoozes: many.slice(0, 6) }).snoozes).toEqual(many.slice(2))
  })
})

describe('a reset', () => {
  const seen = { first_seen: 5, last_seen: 9, dismissed: 9 }

  test('voids what the browser remembers from before it, in either order', () => {
    const gone = { first_seen: 0, last_seen: 0, completed: 0, dismissed: 0, answered: 0, snoozes: [], reset: 10 }
    expect(joined(seen, { reset: 10 })).toEqual(gone)
    expect(joined({ reset: 10 }, seen)).toEqual(gone)
  })

  test('leaves what happened after it', () => {
    expect(joined({ ...seen, last_seen: 12 }, { reset: 10 })).toMatchObject({
      first_seen: 12,
      last_seen: 12,
      dismissed: 0,
    })
  })
})
