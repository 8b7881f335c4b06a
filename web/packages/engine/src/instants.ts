/** Instants and days. A day is a whole day in the project's zone, counted as Python counts them (1 is 0001-01-01). */

const DAY = 86_400_000
const EPOCH = 719_163
const formats = new Map<string, Intl.DateTimeFormat>()

function offsetOf(instant: number, zone: string): number {
  let format = formats.get(zone)
  if (!format) {
    try {
      format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
        era: 'short',
      })
    } catch {
      format = new Intl.DateTimeFormat('en-US', {
        timeZone: 'UTC',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
        era: 'short',
      })
    }
    formats.set(zone, format)
  }
  const parts: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value)
  const wall = Date.UTC(
    parts['year'] ?? 0,
    (parts['month'] ?? 1) - 1,
    parts['day'],
    parts['hour'],
    parts['minute'],
    parts['second'],
  )
  return wall - Math.floor(instant / 1000) * 1000
}

/** The day an instant falls on. */
export function dayOf(instant: number, zone: string): number {
  return Math.floor((instant + offsetOf(instant, zone)) / DAY) + EPOCH
}

/** The instant at which a day starts. */
export function dayStart(day: number, zone: string): number {
  const wall = (day - EPOCH) * DAY
  const guess = wall - offsetOf(wall, zone)
  return wall - offsetOf(guess, zone)
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):(\d{2}))$/

/** The instant that strict ISO-8601 text names; a date alone is the start of that day. */
export function instantOf(text: unknown, zone: string): number | null {
  if (typeof text !== 'string') return null
  const date = DATE.exec(text)
  if (date) {
    const wall = wallOf(date)
    return wall === null ? null : dayStart(wall / DAY + EPOCH, zone)
  }
  const found = DATE_TIME.exec(text)
  const wall = found && wallOf(found)
  if (!found || wall === null) return null
  const [hour, minute, second] = [Number(found[4]), Number(found[5]), Number(found[6] ?? 0)]
  const [hours, minutes] = [Number(found[9] ?? 0), Number(found[10] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59 || hours > 23 || minutes > 59) return null
  const shift = (hours * 60 + minutes) * 60_000 * (found[8] === '-' ? -1 : 1)
  return (
    wall + ((hour * 60 + minute) * 60 + second) * 1000 + Number((found[7] ?? '').slice(0, 3).padEnd(3, '0')) - shift
  )
}

function wallOf(found: RegExpExecArray): number | null {
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  const made = new Date(0)
  made.setUTCFullYear(year, month - 1, day)
  return year > 0 && made.getUTCMonth() === month - 1 && made.getUTCDate() === day ? made.getTime() : null
}

export const isDateOnly = (text: unknown): boolean => typeof text === 'string' && DATE.test(text)
