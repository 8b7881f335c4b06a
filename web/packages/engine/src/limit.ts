import type { RateLimit } from '@handrail/wire'

/** A rate limit's units in milliseconds. */
const UNITS = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 }

/** When the next interrupting experience may show by the project's limit; 0 when it may now. */
export function limitedUntil(limit: RateLimit | undefined, now: number): number {
  if (!limit) return 0
  const window = limit.every * UNITS[limit.unit]
  const recent = (limit.shown ?? [])
    .filter((instant) => instant > now - window && instant <= now)
    .sort((one, other) => one - other)
  return recent.length < limit.count ? 0 : (recent[recent.length - limit.count] ?? 0) + window
}
