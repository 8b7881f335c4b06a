/** What may keep an experience from showing, in the order in which it is asked and told. */
export const CHECKS = ['start_end', 'audience', 'where', 'frequency', 'rate_limit', 'arbitration'] as const
export type Check = (typeof CHECKS)[number]

const LATELY = ['frequency', 'rate_limit'] as const
const ALL_BUT_THE_PLACE = ['start_end', 'audience', 'where', ...LATELY] as const

/** What each way in skips; it obeys the rest (RULES 19). A test holds it equal to spec/tables/entry.json. */
export const SKIPPED = {
  page_opening: [],
  element_click: [],
  page_exit: [],
  event: [],
  manual: LATELY,
  link: ALL_BUT_THE_PLACE,
  launch_experience: [...LATELY, 'arbitration'],
  agent: LATELY,
  resume: ['where', ...LATELY],
  preview: ALL_BUT_THE_PLACE,
} as const satisfies Record<string, readonly Check[]>
/** A way into an experience. */
export type Entry = keyof typeof SKIPPED

/** The reason of the first obeyed check that gives one; undefined when nothing stands in the way. */
export function obstacle<Reason>(
  entry: Entry,
  checks: Partial<Record<Check, () => Reason | undefined>>,
): Reason | undefined {
  const skipped: readonly Check[] = SKIPPED[entry]
  for (const check of CHECKS) {
    const reason = skipped.includes(check) ? undefined : checks[check]?.()
    if (reason) return reason
  }
  return undefined
}
