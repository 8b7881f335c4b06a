/**
 * The whole language of conditions, as the server has it: for previews, for `explain` in a browser and for the tests
 * that hold both languages equal. On a host page only `holds` runs, over what the server left open.
 */

import type { AttributeValue, Condition, ExperienceState } from '@handrail/wire'
import { type Zone, zoneOf } from './instants.ts'
import { ANSWERING, compareDate, compareNumber, compares, elementKey } from './operators.ts'
import type { Search } from './pages.ts'
import { own } from './pattern.ts'
import { type Browser, holds } from './residual.ts'

/** One event of the user's. */
export interface Happened {
  event: string
  /** Milliseconds. */
  at: number
  properties?: Record<string, AttributeValue>
}

/** What a condition is asked about: one user, and when. Attributes are kept values (`readValue`, null is missing). */
export interface Facts {
  native?: Record<string, AttributeValue>
  custom?: Record<string, AttributeValue>
  company?: Record<string, AttributeValue>
  experiences?: Record<string, ExperienceState>
  events?: readonly Happened[]
  /** The user ids that are this person's. */
  users?: readonly string[]
  /** An instant in milliseconds. */
  now: number
  /** The project's IANA zone, or one made before. */
  zone: string | Zone
}

export type Segments = Readonly<Record<string, Condition>>
/** true, false, or null: only a browser could tell. */
export type Verdict = boolean | null

/** Whether facts satisfy a condition; null when it depends on a browser that is not there. */
export function matches(
  condition: Condition,
  facts: Facts,
  browser: Browser | null,
  segments: Segments = {},
  search: Search = browser?.search ?? (() => false),
): Verdict {
  const zone = typeof facts.zone === 'string' ? zoneOf(facts.zone) : facts.zone
  const calendar = { zone, today: zone.dayOf(facts.now), search }

  const ask = (node: Condition): Verdict => {
    if ('all' in node) return everyOf(node.all.map(ask))
    if ('any' in node) return someOf(node.any.map(ask))
    if ('not' in node) return opposite(ask(node.not))
    if ('attribute' in node) return compares(node, attributeOf(node.attribute), calendar)
    if ('event' in node) return askEvent(node)
    if ('event_time' in node) return askEventTime(node)
    if ('users' in node) return node.users.some((each) => facts.users?.includes(each))
    if ('experience' in node) return askExperience(node)
    if ('segment' in node) {
      const { segment, member = true } = node
      const saved = own(segments, segment)
      const inside = saved ? ask(saved) : false
      return member ? inside : opposite(inside)
    }
    return browser && holds(node, browser)
  }

  const attributeOf = (name: string): AttributeValue | undefined => {
    const [source, key] = split(name)
    if (source !== 'native' && source !== 'custom' && source !== 'company') return undefined
    return own(facts[source] ?? {}, key)
  }

  const within = (day: number, days: number | undefined) =>
    days === undefined || (day > calendar.today - days && day <= calendar.today)

  const askEvent = (leaf: Extract<Condition, { event: string }>): boolean => {
    const { event, operator = '>=', value = 1, within_days, where } = leaf
    const times = (facts.events ?? []).filter(
      (each) =>
        each.event === event &&
        within(zone.dayOf(each.at), within_days) &&
        (!where || passes(where, each.properties ?? {})),
    ).length
    return compareNumber(operator, times, value)
  }

  const askEventTime = (leaf: Extract<Condition, { event_time: string }>): boolean => {
    const { event_time, which, operator, value, where } = leaf
    const days = (facts.events ?? [])
      .filter((each) => each.event === event_time && (!where || passes(where, each.properties ?? {})))
      .map((each) => zone.dayOf(each.at))
    if (!days.length) return false
    const day = Math[which === 'first' ? 'min' : 'max'](...days)
    return compareDate(operator, zone.dayStart(day), value, calendar)
  }

  /** Whether an event's properties pass a filter. Only attributes named `property.x` can be asked. */
  const passes = (filter: Condition, properties: Record<string, AttributeValue>): boolean => {
    if ('all' in filter) return filter.all.every((each) => passes(each, properties))
    if ('any' in filter) return filter.any.some((each) => passes(each, properties))
    if ('not' in filter) return !passes(filter.not, properties)
    if (!('attribute' in filter)) return false
    const [source, key] = split(filter.attribute)
    // An event is counted once, for every day to come: no window is asked here.
    return compares(filter, source === 'property' ? own(properties, key) : undefined, { ...calendar, today: 0 })
  }

  const askExperience = (leaf: Extract<Condition, { experience: string }>): boolean => {
    const { experience, fact, within_days, question, value, operator } = leaf
    const state = own(facts.experiences ?? {}, experience) ?? {}
    let at: number
    if (question !== undefined && question !== null) {
      const [answer, stamp] = own(state.answers ?? {}, question) ?? [null, [0, '']]
      const holds =
        operator !== undefined && operator !== null
          ? ANSWERING.has(operator) && compares({ attribute: '', operator, value: value ?? null }, answer, calendar)
          : value === undefined || value === null || isAnswered(answer, value)
      at = answer !== null && holds ? stamp[0] : 0
    } else if (fact === 'snoozed') at = state.snoozes?.at(-1)?.[0] ?? 0
    else at = state[fact === 'seen' ? 'last_seen' : fact] ?? 0
    return at > 0 && within(zone.dayOf(at), within_days)
  }

  return ask(condition)
}

/** False beats deferred, deferred beats true. */
export const everyOf = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes(false) ? false : verdicts.includes(null) ? null : true

/** True beats deferred, deferred beats false. */
export const someOf = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes(true) ? true : verdicts.includes(null) ? null : false

/** What is deferred stays so. */
export const opposite = (verdict: Verdict): Verdict => (verdict === null ? null : !verdict)

/** An attribute's source and key: only the first dot parts them. */
function split(name: string): [source: string, key: string] {
  const dot = name.indexOf('.')
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1)]
}

function isAnswered(answer: AttributeValue, value: unknown): boolean {
  const given = (Array.isArray(answer) ? answer : [answer]).map(elementKey)
  return (Array.isArray(value) ? value : [value]).map(elementKey).some((each) => given.includes(each))
}
