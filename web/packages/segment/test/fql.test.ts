import { describe, expect, test } from 'vitest'
import { loadCases } from '../../engine/test/cases.ts'
import { compile } from '../src/full.ts'
import { matches, parse } from '../src/strict.ts'
import { compileTrigger } from '../src/triggers.ts'
import type { Members } from '../src/values.ts'

interface Asked {
  fql: string
  event: Members
  parsed?: unknown
  matches: boolean
  refused?: boolean
}
const cases = loadCases<Asked>('fql')

describe('strict triggers', () => {
  const strict = cases.filter((each) => each.file.startsWith('strict'))
  test('all observed behaviours are here', () => expect(strict.length).toBeGreaterThanOrEqual(45))
  test.each(strict)('$file: $name', ({ fql, event, parsed, matches: expected }) => {
    expect(JSON.parse(JSON.stringify(parse(fql)))).toEqual(parsed)
    expect(matches(parse(fql), event)).toBe(expected)
    expect(compileTrigger(fql, 'strict')(event)).toBe(expected)
  })
})

describe('full triggers', () => {
  const full = cases.filter((each) => each.file.startsWith('full'))
  test.each(full.filter((each) => !each.refused))('$file: $name', ({ fql, event, matches: expected }) => {
    expect(compile(fql)(event)).toBe(expected)
  })
  test.each(full.filter((each) => each.refused))('$file: $name', ({ fql }) => {
    expect(() => compile(fql)).toThrow()
    expect(compileTrigger(fql, 'full')({ type: 'track' })).toBe(false)
  })
})
