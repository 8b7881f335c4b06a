/**
 * Answers questions about conditions, one in each line of stdin, one answer in each line of stdout, so that another
 * language can compare. A question is what a case file says (condition, user, segments, now, zone, page, device ...)
 * with the `programs` of its patterns and, where the server left something open, the `residual`:
 *
 *     {"condition": {...}, "user": {...}, "programs": {...}, "residual": {...}}
 *     {"matches": true, "server": null, "residual": true}
 *
 * `server` is the verdict without a browser, null for deferred; `residual` what a host page's `holds` says.
 */

import { createInterface } from 'node:readline'
import type { Condition, Program } from '@handrail/wire'
import { holds, matches, type Zone, zoneOf } from '../src/index.ts'
import { browserOf, factsOf, type Question } from './cases.ts'

type Asked = Question & { programs?: Record<string, Program>; residual?: Condition }

/** Zones are asked for in every line; a page keeps none. */
const zones = new Map<string, Zone>()
function kept(name: string): Zone {
  const zone = zones.get(name) ?? remembering(zoneOf(name))
  zones.set(name, zone)
  return zone
}

function remembering({ dayOf, dayStart }: Zone): Zone {
  const starts = new Map<number, number>()
  return {
    dayOf,
    dayStart(day) {
      const start = starts.get(day) ?? dayStart(day)
      starts.set(day, start)
      return start
    },
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Asked
  const { condition, segments, programs = {}, residual } = question
  const facts = factsOf(question, kept)
  const browser = browserOf(question, programs)
  const answer = {
    matches: matches(condition, facts, browser, segments),
    server: matches(condition, facts, null, segments, programs),
    ...(residual ? { residual: holds(residual, browser) } : {}),
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
