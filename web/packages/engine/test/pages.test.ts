import type { Device, Where } from '@handrail/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { covers, globCovers, searchIn } from '../src/index.ts'
import { loadCases, loadPrograms } from './cases.ts'

interface Page {
  where: Where
  url: string
  device?: Device
  matches: boolean
}
const search = searchIn(loadPrograms())

describe('pages', () => {
  test.each(loadCases<Page>('pages'))('$file: $name', ({ where, url, device = 'desktop', matches }) => {
    const address = URL.canParse(url) ? new URL(url) : null
    expect(covers(where, address, device, search)).toBe(matches)
  })

  test('there are cases', () => {
    expect(loadCases('pages').length).toBeGreaterThan(50)
  })
})

describe('globs', () => {
  const letter = fc.constantFrom('a', 'b', '/', '🚀')
  const text = fc.array(letter, { maxLength: 12 }).map((each) => each.join(''))

  test('a text covers itself, and a star in the place of any part of it', () => {
    fc.assert(
      fc.property(text, text, text, (head, middle, tail) => {
        expect(globCovers(head + middle + tail, head + middle + tail)).toBe(true)
        expect(globCovers(`${head}*${tail}`, head + middle + tail)).toBe(true)
      }),
    )
  })

  test('cover what a hand-written search through every split covers', () => {
    const sign = fc.constantFrom('a', 'b', '*', '?', '🚀')
    const slow = (glob: string[], rest: string[]): boolean => {
      const [first, ...others] = glob
      if (first === undefined) return rest.length === 0
      if (first === '*')
        return Array.from({ length: rest.length + 1 }, (_, at) => at).some((at) => slow(others, rest.slice(at)))
      return rest.length > 0 && (first === '?' || first === rest[0]) && slow(others, rest.slice(1))
    }
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 6 }), text, (glob, actual) => {
        expect(globCovers(glob.join(''), actual)).toBe(slow(glob, Array.from(actual)))
      }),
    )
  })

  test('many stars over a long text take no time to speak of', () => {
    expect(globCovers(`${'*a'.repeat(100)}b`, 'a'.repeat(2048))).toBe(false)
  })
})
