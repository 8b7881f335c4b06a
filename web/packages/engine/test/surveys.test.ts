import type { AnswerTest } from '@handrail/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passes } from '../src/answers.ts'
import { type AnswerValue, answerId, begin, compares, deciding, givenAnew, type Run, zoneOf } from '../src/index.ts'
import { loadCases } from './cases.ts'

interface Decided {
  own: string
  conditions: AnswerTest[][]
  answers: Record<string, AnswerValue>
  decides: number | null
}

const withAnswers = (answers: Record<string, AnswerValue>): Pick<Run, 'answers'> => ({
  answers: Object.fromEntries(
    Object.entries(answers).map(([question, answer]) => [question, { answer, at: 0, count: 1 }]),
  ),
})

describe('surveys', () => {
  test.each(loadCases<Decided>('surveys'))('$file: $name', ({ own, conditions, answers, decides }) => {
    // biome-ignore lint/suspicious/noThenProperty: a condition's word for what it does.
    const asked = conditions.map((when) => ({ when, then: [] }))
    expect(deciding(asked, own, withAnswers(answers))).toBe(decides ?? -1)
  })

  test('an answer compares as an attribute of its value does', () => {
    const operator = fc.constantFrom<AnswerTest['operator'][]>(
      'is', 'is_not', 'one_of', 'none_of', 'contains', 'not_contains', '=', '!=', '<', '<=', '>', '>=', 'between',
      'has_any', 'has_all', 'has_none', 'is_set', 'is_empty',
    ) // biome-ignore format: one list
    const text = fc.constantFrom('', 'a', 'b', 'ab', 'e\u0301', '\u00e9')
    const number = fc.constantFrom(0, 1, 2, 9, 10, 0.5)
    const answer = fc.oneof(fc.constant(null), text, number, fc.array(text, { maxLength: 3 }))
    const value = fc.oneof(
      fc.constant(null),
      text,
      number,
      fc.boolean(),
      fc.array(fc.oneof(text, number), { maxLength: 3 }),
    )
    const calendar = { zone: zoneOf('UTC'), today: 0, search: () => false }
    fc.assert(
      fc.property(operator, value, answer, (asked, expected, given) => {
        const leaf = { attribute: 'custom.answer', operator: asked, value: expected as never }
        expect(passes({ operator: asked, value: expected as never }, given as AnswerValue)).toBe(
          compares(leaf, given as AnswerValue, calendar),
        )
      }),
      { numRuns: 5000 },
    )
  })
})

describe('what is kept of an answer', () => {
  const run = (answers?: Run['answers']): Run => ({
    ...begin('r', 'v', [{ needsTarget: false, missing: 'float' }]),
    ...(answers ? { answers } : {}),
  })

  test('counts how often the question was answered, and its id follows', () => {
    const first = givenAnew(run(), 'score', 9, 5)
    expect(first).toEqual({ answer: 9, at: 5, count: 1 })
    const second = givenAnew(run({ score: first! }), 'score', 3, 6)
    expect(second).toEqual({ answer: 3, at: 6, count: 2 })
    expect(answerId(run(), 4, second!)).toBe('r.4.2')
  })

  test('is nothing when it says the same again, as a second click does', () => {
    const kept = { answer: ['a', 'b'], at: 5, count: 1 }
    expect(givenAnew(run({ uses: kept }), 'uses', ['a', 'b'], 6)).toBeUndefined()
    expect(
      givenAnew(run({ why: { answer: 'other', words: 'x', at: 5, count: 1 } }), 'why', 'other', 6, 'x'),
    ).toBeUndefined()
  })

  test('is nothing for a question that was skipped, and a null for an answer taken back', () => {
    expect(givenAnew(run(), 'score', null, 5)).toBeUndefined()
    expect(givenAnew(run({ score: { answer: 9, at: 5, count: 1 } }), 'score', null, 6)).toEqual({
      answer: null,
      at: 6,
      count: 2,
    })
  })

  test('knows other words beside the same choice as another answer', () => {
    const kept = { answer: 'other', words: 'x', at: 5, count: 1 }
    expect(givenAnew(run({ why: kept }), 'why', 'other', 6, 'y')).toEqual({
      answer: 'other',
      words: 'y',
      at: 6,
      count: 2,
    })
  })
})
