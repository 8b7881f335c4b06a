import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CHECKS,
  type Check,
  CLASSES,
  type Contender,
  type Entry,
  type EntryClass,
  inTurn,
  obstacle,
  SKIPPED,
} from '../src/index.ts'
import { instant, loadCases, loadTable } from './cases.ts'

interface Candidate {
  id: string
  class?: EntryClass
  respects_rate_limit?: boolean
  priority?: number
  published_at?: string
}

describe('arbitration', () => {
  test.each(loadCases<{ candidates: Candidate[]; order: string[] }>('frequency', 'order'))('$name', (example) => {
    const contenders = example.candidates.map(
      (each): Contender => ({
        id: each.id,
        entry: each.class ?? 'automatic',
        respectsRateLimit: each.respects_rate_limit ?? true,
        priority: each.priority ?? 3,
        publishedAt: each.published_at ? instant(each.published_at) : 0,
      }),
    )
    expect(contenders.sort(inTurn).map(({ id }) => id)).toEqual(example.order)
  })

  const contender = fc.record<Contender>({
    id: fc.constantFrom('a', 'b', 'c', 'B'),
    entry: fc.constantFrom(...CLASSES),
    respectsRateLimit: fc.boolean(),
    priority: fc.integer({ min: 1, max: 5 }),
    publishedAt: fc.nat(2),
  })
  const sign = (one: Contender, other: Contender) => Math.sign(inTurn(one, other))

  test('is a total order: every two have their turns, whoever asks and in whatever order', () => {
    fc.assert(
      fc.property(contender, contender, contender, (one, two, three) => {
        expect(sign(one, two) + sign(two, one)).toBe(0)
        expect(sign(one, two) === 0).toBe(JSON.stringify(one) === JSON.stringify(two))
        if (sign(one, two) <= 0 && sign(two, three) <= 0) expect(sign(one, three)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('ways in', () => {
  type Row = { entry: string } & Record<Check, 'obeyed' | 'skipped'>

  test('obey and skip what the table says', () => {
    const rows = loadTable<{ entries: Row[] }>('entry')?.entries
    const table = rows?.map((row) => [row.entry, CHECKS.filter((check) => row[check] === 'skipped')])
    const known = Object.entries(SKIPPED).map(([entry, skipped]) => [
      entry,
      CHECKS.filter((check) => (skipped as readonly Check[]).includes(check)),
    ])
    expect(known).toEqual(table)
  })

  test('the classes are the table’s', () => {
    expect([...CLASSES]).toEqual(loadTable<{ classes: string[] }>('entry')?.classes)
  })

  interface Case {
    entry: Entry
    fails: Partial<Record<Check, string>>
    shows: boolean
    because?: string
  }

  test.each(loadCases<Case>('entry'))('$file: $name', ({ entry, fails, shows, because }) => {
    const checks = Object.fromEntries(Object.entries(fails).map(([check, reason]) => [check, () => reason]))
    const found = obstacle<string>(entry, checks)
    expect(found).toBe(because)
    expect(found === undefined).toBe(shows)
  })

  test('a check that is skipped is not even asked', () => {
    let asked = 0
    obstacle('launch_experience', { frequency: () => void asked++, where: () => void asked++ })
    expect(asked).toBe(1)
  })
})
