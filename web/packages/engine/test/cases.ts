/** Case files: `spec/cases/<room>/<question>.json` and `spec/cases/<room>.json`, picked up without being listed. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AttributeValue, Condition, Device, ExperienceState, Program } from '@handrail/wire'
import { type Browser, type Facts, type Happened, type Segments, searchIn } from '../src/index.ts'
import { instantOf, type Zone, zoneOf } from '../src/instants.ts'

const SPEC = fileURLToPath(new URL('../../../../spec/', import.meta.url))

/** A case as it is written, with the file it stands in. */
export type Case<T> = T & { name: string; why?: string; file: string }

/** Every case of a room, or of one question of it; none when nobody has written any. */
export function loadCases<T>(room: string, question?: string): Case<T>[] {
  const folder = join(SPEC, 'cases', room)
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.json') && (!question || name === `${question}.json`))
        .sort()
        .map((name) => join(folder, name))
    : [`${folder}.json`].filter(existsSync)
  return files.flatMap((path) => {
    const file = basename(path, '.json')
    return (read(path) as { cases: Case<T>[] }).cases.map((each) => ({ ...each, file }))
  })
}

/** A table of `spec/tables`; undefined when nobody has written it. */
export function loadTable<T>(name: string): T | undefined {
  const path = join(SPEC, 'tables', `${name}.json`)
  return existsSync(path) ? (read(path) as T) : undefined
}

/** The programs of every pattern that a case file holds. */
export function loadPrograms(): Record<string, Program> {
  const path = join(SPEC, 'cases', 'programs.json')
  return existsSync(path) ? (read(path) as Record<string, Program>) : {}
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** An experience's state as cases write it, in instants of ISO text. */
export interface WrittenState {
  first_seen?: string
  last_seen?: string
  completed?: string
  dismissed?: string
  answered?: string
  snoozes?: { at: string; until: string }[]
  answers?: Record<string, { value: AttributeValue; at: string }>
}

/** A question of `spec/cases/conditions`. */
export interface Question {
  condition: Condition
  user: {
    native?: Record<string, unknown>
    custom?: Record<string, unknown>
    company?: Record<string, unknown>
    ids?: string[]
    events?: { event: string; at: string; properties?: Record<string, unknown> }[]
    experiences?: Record<string, WrittenState>
  }
  segments?: Segments
  now?: string
  zone?: string
  page?: string
  device?: Device
  viewport?: { width?: number; height?: number }
  elements?: Record<string, string[]>
}

/** What a question's case says of its user, as the door and the fold would keep it. */
export function factsOf(question: Question, zones: (name: string) => Zone = zoneOf): Facts {
  const { user } = question
  return {
    native: kept(user.native),
    custom: kept(user.custom),
    company: kept(user.company),
    experiences: mapped(user.experiences ?? {}, stateOf),
    users: user.ids ?? [],
    events: (user.events ?? []).map(
      ({ event, at, properties }): Happened => ({ event, at: instant(at), properties: kept(properties) }),
    ),
    now: instant(question.now ?? '2026-11-24T12:00:00Z'),
    zone: zones(question.zone ?? 'UTC'),
  }
}

/** The browser a question's case says. */
export function browserOf(question: Question, programs: Record<string, Program>): Browser {
  const { page = 'about:blank', device = 'desktop', viewport = {}, elements = {} } = question
  return {
    address: URL.canParse(page) ? new URL(page) : null,
    device,
    width: viewport.width ?? 0,
    height: viewport.height ?? 0,
    element: (words, fact) => Object.hasOwn(elements, words) && !!elements[words]?.includes(fact),
    search: searchIn(programs),
  }
}

export function stateOf(state: WrittenState): ExperienceState {
  const { snoozes = [], answers = {}, ...instants } = state
  return {
    ...(mapped(instants as Record<string, string>, instant) as ExperienceState),
    snoozes: snoozes.map(({ at, until }, number) => [instant(at), String(number), instant(until)]),
    answers: mapped(answers, ({ value, at }) => [value, [instant(at), '']]),
  }
}

/** The instant that a case names. */
export function instant(text: string): number {
  const found = instantOf(text, zoneOf('UTC'))
  if (found === null) throw new Error(`${text} is no instant`)
  return found
}

/** The record with each value turned; keys such as `__proto__` stay plain keys. */
function mapped<T, U>(record: Record<string, T>, turn: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, turn(value)]))
}

/** Attributes as the door keeps them: null unsets, what is refused is not there. */
function kept(values: Record<string, unknown> = {}): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(values).filter((pair): pair is [string, AttributeValue] => isKept(pair[1])))
}

const MOST = 700

function isKept(value: unknown): boolean {
  if (typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string') return Array.from(value).length <= MOST
  if (!Array.isArray(value)) return false
  const [first] = value
  return (
    ['undefined', 'boolean', 'number', 'string'].includes(typeof first) &&
    value.every((each) => typeof each === typeof first && isKept(typeof each === 'string' ? '' : each)) &&
    Array.from(JSON.stringify(value)).length <= MOST
  )
}
