/** Instants and days. A day is a whole day in the project's zone, counted as Python counts them (1 is 0001-01-01). */

const DAY = 86_400_000
const EPOCH = 719_163

/** The days of one IANA zone. Making one costs as much as a hundred answers, so whoever asks often keeps it. */
export interface Zone {
  /** The day an instant (milliseconds) falls on. */
  dayOf(instant: number): number
  /** The first instant of a day, whatever the clocks do at midnight. */
  dayStart(day: number): number
}

/** The zone with this name; UTC when this browser does not know it. */
export function zoneOf(timeZone: string): Zone {
  let clock: Intl.DateTimeFormat | undefined
  try {
    clock = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  } catch {
    // Whole days in UTC are the least wrong answer left.
  }
  const offsetAt = (instant: number) => {
    const [, sign, hours, minutes, seconds] = /GMT(.)(\d+):(\d+):?(\d*)/.exec(clock?.format(instant) ?? '') ?? []
    const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
    return sign ? (sign === '+' ? offset : -offset) : 0
  }
  const dayOf = (instant: number) => Math.floor((instant + offsetAt(instant)) / DAY) + EPOCH
  return {
    dayOf,
    dayStart(day) {
      const wall = (day - EPOCH) * DAY
      let low = wall - DAY
      // The first midnight counts where clocks are set back over it, so the search ends there; and where they jump
      // over midnight, the day begins when they jump.
      let high = wall - offsetAt(low)
      if (dayOf(high) < day) high = wall + DAY
      while (low < high) {
        const middle = Math.floor((low + high) / 2)
        if (dayOf(middle) < day) low = middle + 1
        else high = middle
      }
      return high
    },
  }
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/

/** The instant that strict ISO-8601 text names, null when it is none; a date alone is the start of that day. */
export function instantOf(text: unknown, zone: Zone): number | null {
  if (typeof text !== 'string') return null
  const found = DATE.exec(text) ?? DATE_TIME.exec(text)
  const midnight = found && midnightOf(found)
  if (!found || midnight === null) return null
  if (found.length < 5) return zone.dayStart(midnight / DAY + EPOCH)
  const number = (group: number) => Number(found[group] ?? 0)
  const shift = (number(9) * 60 + number(10)) * (found[8] === '-' ? -1 : 1)
  // Fractions are cut to milliseconds, as a browser's clock has them.
  const fraction = Number((found[7] ?? '').slice(0, 3).padEnd(3, '0'))
  return midnight + ((number(4) * 60 + number(5) - shift) * 60 + number(6)) * 1000 + fraction
}

/** The UTC midnight of the day that three groups name, null when there is no such day. */
function midnightOf(found: RegExpExecArray): number | null {
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  const made = new Date(0)
  made.setUTCFullYear(year, month - 1, day)
  return year > 0 && made.getUTCMonth() === month - 1 && made.getUTCDate() === day ? made.getTime() : null
}

/** Whether a text names a day rather than an instant. */
export const isDateOnly = (text: unknown): boolean => typeof text === 'string' && DATE.test(text)
