import type { Instruction, Program } from '@handrail/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finds, MAX_INPUT } from '../src/index.ts'
import { loadCases, loadPrograms } from './cases.ts'

interface Found {
  pattern: string
  text: string
  matches: boolean
}
const programs = loadPrograms()

/** How often the matcher looks at an instruction. */
function stepsOf(program: Program, text: string): number {
  let steps = 0
  const code = new Proxy(program.code, {
    get(target, name) {
      steps++
      return Reflect.get(target, name) as unknown
    },
  })
  finds({ v: 1, code }, text)
  return steps
}

describe('patterns', () => {
  test.each(loadCases<Found>('patterns'))('$name', ({ pattern, text, matches }) => {
    const program = programs[pattern]
    // One that may not be used has no program, and is found nowhere.
    expect(program ? finds(program, text) : false).toBe(matches)
  })

  test('a text over the limit never matches, counted in characters', () => {
    const anything: Program = { v: 1, code: [['match']] }
    expect(finds(anything, 'a'.repeat(MAX_INPUT))).toBe(true)
    expect(finds(anything, 'a'.repeat(MAX_INPUT + 1))).toBe(false)
    expect(finds(anything, '🚀'.repeat(MAX_INPUT))).toBe(true)
    expect(finds(anything, '🚀'.repeat(MAX_INPUT + 1))).toBe(false)
  })

  test('know the edges of words, and where there is none', () => {
    const edge: Program = { v: 1, code: [['char', [97, 97], 0], ['word', 1], ['match']] }
    const inside: Program = { v: 1, code: [['char', [97, 97], 0], ['word', 0], ['match']] }
    for (const [text, isEdge] of [
      ['a', true],
      ['a b', true],
      ['ab', false],
      ['a_', false],
      ['a1', false],
      ['aé', true],
    ] as const) {
      expect(finds(edge, text), text).toBe(isEdge)
      expect(finds(inside, text), text).toBe(!isEdge)
    }
  })

  test('a program that goes astray finds nothing', () => {
    expect(finds({ v: 1, code: [['jump', 7]] }, 'a')).toBe(false)
    expect(finds({ v: 1, code: [] }, 'a')).toBe(false)
  })

  const address = fc.nat(12)
  const instruction = fc.oneof<fc.Arbitrary<Instruction>[]>(
    fc.constantFrom<Instruction>(
      ['any'],
      ['start'],
      ['end'],
      ['match'],
      ['word', 1],
      ['word', 0],
      ['char', [97, 98], 0],
    ),
    fc.tuple(fc.constant('split' as const), address, address),
    fc.tuple(fc.constant('jump' as const), address),
  )
  const program = fc.array(instruction, { minLength: 1, maxLength: 12 }).map((code): Program => ({ v: 1, code }))

  test('any program, loops that read nothing and all, takes at most text times program steps', () => {
    fc.assert(
      fc.property(program, fc.string({ maxLength: 60 }), (each, text) => {
        const places = each.code.length + 13
        expect(stepsOf(each, text)).toBeLessThanOrEqual(3 * places * (Array.from(text).length + 1))
      }),
    )
  })

  test('patterns that blow up elsewhere stay linear', () => {
    // (a*)*b over a row of a: exponential where a matcher walks back.
    const nested: Program = {
      v: 1,
      code: [
        ['split', 1, 6],
        ['split', 2, 4],
        ['char', [97, 97], 0],
        ['jump', 1],
        ['jump', 0],
        ['any'],
        ['char', [98, 98], 0],
        ['match'],
      ],
    }
    const short = stepsOf(nested, 'a'.repeat(100))
    const long = stepsOf(nested, 'a'.repeat(2000))
    expect(long / short).toBeLessThan(21)
  })

  test('agree with the browser’s own expressions, on patterns both read alike', () => {
    const texts = fc.array(fc.constantFrom('a', 'b', '1', '_', ' ', '\n', 'é', '🚀'), { maxLength: 10 })
    // JavaScript refuses what RE2 takes for a letter, such as a bracket alone, and reads [] as a class of nothing.
    const shared = Object.keys(programs).filter((pattern) => {
      try {
        return !/\\[bBvfrQE]|\[\^?\]/.test(pattern) && new RegExp(pattern, 'u')
      } catch {
        return false
      }
    })
    expect(shared.length).toBeGreaterThan(10)
    fc.assert(
      fc.property(fc.constantFrom(...shared), texts, (pattern, characters) => {
        const text = characters.join('').normalize('NFC')
        // JavaScript's \s and . know more white space and line ends than RE2's; none of those is among the texts.
        const expected = new RegExp(pattern.normalize('NFC'), 'u').test(text)
        expect(finds(programs[pattern] as Program, text), `${pattern} in ${JSON.stringify(text)}`).toBe(expected)
      }),
      { numRuns: 2_000 },
    )
  })
})
