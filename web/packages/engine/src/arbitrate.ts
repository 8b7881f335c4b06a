/** How an experience comes to its turn, first come first. */
export const CLASSES = ['user', 'resume', 'preview', 'launched', 'automatic'] as const
export type EntryClass = (typeof CLASSES)[number]

export interface Contender {
  id: string
  entry: EntryClass
  respectsRateLimit: boolean
  priority: number
  publishedAt: number
}

/** The order of RULES 20: entry class, exempt from the limit, priority (5 first), oldest publication, id. */
export function inTurn(one: Contender, other: Contender): number {
  return (
    CLASSES.indexOf(one.entry) - CLASSES.indexOf(other.entry) ||
    Number(one.respectsRateLimit) - Number(other.respectsRateLimit) ||
    other.priority - one.priority ||
    one.publishedAt - other.publishedAt ||
    (one.id < other.id ? -1 : Number(one.id > other.id))
  )
}
