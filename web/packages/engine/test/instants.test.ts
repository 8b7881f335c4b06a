import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instantOf, zoneOf } from '../src/index.ts'

const EPOCH = 719_163
const day = (text: string) => Date.parse(`${text}T00:00:00Z`) / 86_400_000 + EPOCH
const startOf = (text: string, zone: string) => new Date(zoneOf(zone).dayStart(day(text))).toISOString()

describe('days', () => {
  test('start at midnight by the zone’s clocks', () => {
    expect(startOf('2026-11-24', 'UTC')).toBe('2026-11-24T00:00:00.000Z')
    expect(startOf('2026-11-24', 'America/New_York')).toBe('2026-11-24T05:00:00.000Z')
    expect(startOf('2026-07-01', 'Europe/Berlin')).toBe('2026-06-30T22:00:00.000Z')
    expect(startOf('2026-11-24', 'Asia/Kathmandu')).toBe('2026-11-23T18:15:00.000Z')
  })

  test('start when the clocks jump over midnight', () => {
    expect(startOf('2026-04-24', 'Africa/Cairo')).toBe('2026-04-23T22:00:00.000Z')
  })

  test('start at the first midnight when the clocks are set back over it', () => {
    // 00:01 became 23:01 of the day before.
    expect(startOf('2010-11-07', 'America/St_Johns')).toBe('2010-11-07T02:30:00.000Z')
  })

  test('that a zone left out start where the next one does', () => {
    expect(startOf('2011-12-30', 'Pacific/Apia')).toBe('2011-12-30T10:00:00.000Z')
  })

  test('begin in the zone’s first years, too', () => {
    expect(zoneOf('America/New_York').dayStart(1)).toBe(-62135596800000 + (4 * 60 + 56) * 60_000 + 2_000)
  })

  test('in a zone nobody knows are days in UTC', () => {
    expect(startOf('2026-11-24', 'Middle/Earth')).toBe('2026-11-24T00:00:00.000Z')
  })

  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Asia/Kolkata', 'Pacific/Kiritimati'].map(
    zoneOf,
  )

  test('hold the instants from their start to the next one’s', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: day('1990-01-01'), max: day('2040-01-01') }),
        (zone, each) => {
          const start = zone.dayStart(each)
          expect(zone.dayOf(start)).toBe(each)
          expect(zone.dayOf(start - 1)).toBe(each - 1)
        },
      ),
    )
  })
})

describe('instants', () => {
  const utc = zoneOf('UTC')

  test('are read from strict ISO-8601 only', () => {
    for (const wrong of [
      '2026-11-24 12:00Z',
      '2026-11-24T12:00',
      '2026-1-1',
      '2026-02-29',
      '2026-11-24T24:00Z',
      '2026-11-24T12:60Z',
      '2026-11-24t12:00z',
      '0000-01-01',
      '2026-11-24T12:00:00.Z',
      '2026-11-24T12:00+2400',
      ' 2026-11-24',
      20261124,
      null,
    ])
      expect(instantOf(wrong, utc), String(wrong)).toBeNull()
  })

  test('agree with the browser’s own reading of full date-times', () => {
    const moment = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(moment, (each) => {
        expect(instantOf(each.toISOString(), utc)).toBe(each.getTime())
      }),
    )
  })

  test('have fractions of a second, cut to milliseconds', () => {
    const second = Date.parse('2026-11-24T12:00:00Z')
    expect(instantOf('2026-11-24T12:00:00.9Z', utc)).toBe(second + 900)
    expect(instantOf('2026-11-24T12:00:00.012999Z', utc)).toBe(second + 12)
    expect(instantOf('2026-11-24T12:00Z', utc)).toBe(second)
  })

  test('a date is the start of that day in the zone', () => {
    expect(instantOf('2026-11-24', zoneOf('Asia/Tokyo'))).toBe(Date.parse('2026-11-23T15:00:00Z'))
  })
})
