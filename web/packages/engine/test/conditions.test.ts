import type { Condition, Device } from '@handrail/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { everyOf, holds, matches, NEGATIVE, opposite, ROWS, searchIn, someOf, type Verdict } from '../src/index.ts'
import { browserOf, factsOf, loadCases, loadPrograms, loadTable, type Question } from './cases.ts'

type Expected = Question & { matches: boolean; server?: boolean | 'deferred' }
const programs = loadPrograms()
const cases = loadCases<Expected>('conditions')

describe('conditions', () => {
  test('there are cases', () => {
    expect(cases.length).toBeGreaterThan(100)
  })

  test.each(cases)('$file: $name', (question) => {
    const { condition, segments } = question
    expect(matches(condition, factsOf(question), browserOf(question, programs), segments)).toBe(question.matches)
  })

  test.each(cases)('without a browser, $file: $name', (question) => {
    const { server = question.matches } = question
    // Patterns over attributes need their programs, but everything of the browser is unknown.
    const verdict = matches(question.condition, factsOf(question), null, question.segments, searchIn(programs))
    expect(verdict).toBe(server === 'deferred' ? null : server)
  })

  test('an event is asked for its own properties, not for what the user has', () => {
    const user = {
      custom: { plan: 'pro' },
      events: [{ event: 'Saved', at: '2026-11-24T11:00:00Z', properties: { plan: 'pro' } }],
    }
    const ask = (attribute: string) => {
      const where: Condition = { attribute, operator: 'is', value: 'pro' }
      return matches({ event: 'Saved', where }, factsOf({ condition: where, user }), null)
    }
    expect(ask('property.plan')).toBe(true)
    expect(ask('custom.plan')).toBe(false)
    expect(ask('plan')).toBe(false)
  })

  test('a viewport is compared by its width or its height', () => {
    const viewport = { width: 1000, height: 500 }
    const ask = (side: 'width' | 'height', operator: '<' | '<=' | '>' | '>=', value: number) => {
      const condition: Condition = { viewport: side, operator, value }
      return holds(condition, browserOf({ condition, user: {}, viewport }, {}))
    }
    for (const [operator, below, equal, above] of [
      ['<', true, false, false],
      ['<=', true, true, false],
      ['>', false, false, true],
      ['>=', false, true, true],
    ] as const)
      expect(
        [1001, 1000, 999].map((value) => ask('width', operator, value)),
        operator,
      ).toEqual([below, equal, above])
    expect(ask('height', '<', 501)).toBe(true)
  })

  test('a leaf of the server that reaches a browser holds for nobody', () => {
    const browser = browserOf({ condition: { all: [] }, user: {} }, {})
    expect(holds({ attribute: 'custom.plan', operator: 'is_empty' }, browser)).toBe(false)
  })
})

describe('the operator table', () => {
  interface Row {
    type: keyof typeof ROWS
    operator: string
    on_missing: boolean
    on_wrong_type: boolean
  }
  const rows = loadTable<{ operators: Row[] }>('operators')?.operators ?? []

  test('has exactly the operators that the engine knows, by type and in order', () => {
    const known = Object.entries(ROWS).flatMap(([type, operators]) => operators.map((each) => `${type} ${each}`))
    expect(rows.map(({ type, operator }) => `${type} ${operator}`).sort()).toEqual(known.sort())
  })

  test('has exactly the negative operators that the engine knows', () => {
    const negative = rows.filter((row) => row.on_missing && row.on_wrong_type).map(({ operator }) => operator)
    expect(new Set(negative)).toEqual(new Set(NEGATIVE))
  })
})

describe('groups over what nobody knows yet', () => {
  const verdict = fc.constantFrom<Verdict>(true, false, null)
  const verdicts = fc.array(verdict, { maxLength: 5 })

  test('obey De Morgan', () => {
    fc.assert(
      fc.property(verdicts, (each) => {
        expect(opposite(everyOf(each))).toBe(someOf(each.map(opposite)))
        expect(opposite(someOf(each))).toBe(everyOf(each.map(opposite)))
      }),
    )
  })

  test('do not mind order, grouping or repetition', () => {
    fc.assert(
      fc.property(verdicts, verdicts, (some, others) => {
        for (const group of [everyOf, someOf]) {
          expect(group([...some, ...others])).toBe(group([...others, ...some]))
          expect(group([group(some), group(others)])).toBe(group([...some, ...others]))
          expect(group([...some, ...some])).toBe(group(some))
        }
      }),
    )
  })

  test('never change their mind when more becomes known', () => {
    fc.assert(
      fc.property(verdicts, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (each, answers) => {
        const known = each.map((one, at) => one ?? (answers[at] as boolean))
        for (const group of [everyOf, someOf]) if (group(each) !== null) expect(group(known)).toBe(group(each))
      }),
    )
  })

  const leaf = fc.constantFrom<Condition>(
    { device: ['mobile'] },
    { attribute: 'custom.plan', operator: 'is', value: 'pro' },
    { attribute: 'custom.seats', operator: '>', value: 3 },
    { page: 'path', operator: 'starts_with', value: '/billing' },
  )
  const tree = fc.letrec<{ node: Condition }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.record({ all: fc.array(tie('node'), { maxLength: 3 }) }),
      fc.record({ any: fc.array(tie('node'), { maxLength: 3 }) }),
      fc.record({ not: tie('node') }),
    ),
  })).node
  const user = fc.record({
    custom: fc.record({ plan: fc.constantFrom('pro', 'free'), seats: fc.nat(6) }, { requiredKeys: [] }),
  })

  test('what a server can tell, a browser does not overturn', () => {
    fc.assert(
      fc.property(tree, user, fc.constantFrom<Device>('mobile', 'desktop'), (condition, each, device) => {
        const question: Question = { condition, user: each, device, page: 'https://app.example/billing' }
        const facts = factsOf(question)
        const server = matches(condition, facts, null)
        const whole = matches(condition, facts, browserOf(question, {}))
        expect(whole).not.toBeNull()
        if (server !== null) expect(whole).toBe(server)
        expect(matches({ not: condition }, facts, null)).toBe(opposite(server))
      }),
      { numRuns: 2_000 },
    )
  })
})
