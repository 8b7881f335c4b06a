import { describe, expect, test } from 'vitest'
import { holds, matches, NEGATIVE, ROWS } from '../src/index.ts'
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
    const verdict = matches(question.condition, factsOf(question), null, question.segments, programs)
    expect(verdict).toBe(server === 'deferred' ? null : server)
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
