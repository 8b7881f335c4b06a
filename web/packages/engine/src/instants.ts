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
export function zoneOf(name: string): Zone {
  const clock = clockIn(name)
  const offsetAt = (instant: number) => {
    const said: Record<string, string> = {}
    for (const { type, value } of clock.formatToParts(instant)) said[type] = value
    const { era, year, month, day, hour, minute, second } = said as Record<string, string>
    const wall = new Date(0)
    wall.setUTCFullYear(era === 'BC' ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day))
    return wall.setUTCHours(Number(hour), Number(minute), Number(second)) - Math.floor(instant / 1000) * 1000
  }
  const dayOf = (instant: number) => Math.floor((instant + offsetAt(instant)) / DAY) + EPOCH
  return {
    dayOf,
    dayStart(day) {
      const wall = (day - EPOCH) * DAY
      // The clocks may change around this midnight: the offset before the change goes first, as a first midnight does.
      for (const near of [wall - DAY, wall + DAY]) {
        const start = wall - offsetAt(near)
        if (dayOf(start) >= day && dayOf(start - 1) < day) return start
      }
      // They jumped over this midnight from before it; the day began when they jumped.
      let low = wall - DAY
      let high = wall + DAY
      while (low < high) {
        const middle = Math.floor((low + high) / 2)
        if (dayOf(middle) < day) low = middle + 1
        else high = middle
      }
      return low
    },
  }
}

function clockIn(timeZone: string): Intl.DateTimeFormat {
  const numeric = 'numeric'
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
  } catch {
    return clockIn('UTC')
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
