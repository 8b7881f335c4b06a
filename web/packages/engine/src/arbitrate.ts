/** How an experience comes to its turn, first come first. */
export const CLASSES = ['user', 'resume', 'preview', 'launched', 'automatic'] as const
export type EntryClass = (typeof CLASSES)[number]

export interface Contender {
  id: string
  entry: EntryClass
  /** It does unless it says otherwise. */
  respectsRateLimit?: boolean | undefined
  priority: number
  publishedAt: number
}

type Classed = Omit<Contender, 'entry'>

/** The order of RULES 20: entry class, exempt from the limit, priority (5 first), oldest publication, id. */
export function inTurn(one: Contender, other: Contender): number {
  return CLASSES.indexOf(one.entry) - CLASSES.indexOf(other.entry) || inTurnOfClass(one, other)
}

/** The same within one class: what starts by itself competes, what a user or an action starts is asked for alone. */
export function inTurnOfClass(one: Classed, other: Classed): number {
  return (
    +(one.respectsRateLimit !== false) - +(other.respectsRateLimit !== false) ||
    other.priority - one.priority ||
    one.publishedAt - other.publishedAt ||
    (one.id < other.id ? -1 : +(one.id > other.id))
  )
}
