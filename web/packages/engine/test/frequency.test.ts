import type { Frequency, RateLimit } from '@handrail/wire'
import { describe, expect, test } from 'vitest'
import { due, limitedUntil, snoozesUsed, zoneOf } from '../src/index.ts'
import { instant, loadCases, stateOf, type WrittenState } from './cases.ts'

interface Asked {
  stays?: boolean
  returns?: boolean
  frequency: Frequency
  state: WrittenState
  now: string
  zone?: string
  load?: { shown?: boolean; fired_since?: boolean }
  due: boolean
  because?: string
  again_at?: string
}
interface Limited {
  limit: RateLimit
  shown: string[]
  now: string
  allowed: boolean
  again_at?: string
}

describe('frequency', () => {
  const asked = ['once', 'every_time', 'days', 'snoozed', 'staying', 'returning'].flatMap((question) =>
    loadCases<Asked>('frequency', question),
  )

  test('there are cases', () => {
    expect(asked.length).toBeGreaterThan(20)
  })

  test.each(asked)(
    '$file: $name',
    ({ frequency, state, now, zone = 'UTC', load = {}, stays, returns, ...expected }) => {
      // A new firing of what it shows on is a new chance; a route change is not.
      const shownInLoad = !!load.shown && !load.fired_since
      const verdict = due(frequency, stateOf(state), instant(now), () => zoneOf(zone), shownInLoad, stays, returns)
      expect(!verdict.because).toBe(expected.due)
      expect(verdict.because).toBe(expected.because)
      if (expected.again_at)
        expect(new Date(verdict.againAt ?? 0).toISOString()).toBe(new Date(expected.again_at).toISOString())
    },
  )

  test.each(loadCases<{ state: WrittenState; used: number }>('frequency', 'snoozes'))('snoozes: $name', (example) => {
    expect(snoozesUsed(stateOf(example.state))).toBe(example.used)
  })
})

describe('the rate limit', () => {
  test.each(loadCases<Limited>('frequency', 'rate_limit'))('$name', ({ limit, shown, now, allowed, again_at }) => {
    const until = limitedUntil({ ...limit, shown: shown.map(instant) }, instant(now))
    expect(until === 0).toBe(allowed)
    if (again_at) expect(until).toBe(instant(again_at))
  })

  test('a project without one holds nothing back', () => {
    expect(limitedUntil(undefined, 0)).toBe(0)
  })
})
