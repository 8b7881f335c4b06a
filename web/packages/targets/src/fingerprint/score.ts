import type { Fingerprint } from '@handrail/wire'
import type { Reading } from './reading.ts'
import { shapeOf } from './tokens.ts'

export type Kind = keyof Reading
type Value = string | string[] | number
/** What an element is expected to be like; a kind that cannot be compared on this page is left out. */
export type Expected = Partial<Reading>
/** What each kind of signal said for an element, in nats: above 0 for it, below against. */
export type Evidence = Partial<Record<Kind, number>>

/**
 * Of each kind: how likely the same element still has it after a page was worked on, and how much it may say. Signals
 * that come from the same neighbourhood change together, so each of them counts for less than it would alone.
 */
const KINDS: Record<Kind, readonly [kept: number, weight: number]> = {
  test_id: [0.95, 1],
  id: [0.85, 1],
  name: [0.9, 1],
  href: [0.88, 0.9],
  role: [0.95, 0.6],
  tag: [0.92, 0.6],
  type: [0.96, 0.6],
  text: [0.86, 1],
  label: [0.88, 1],
  icon: [0.85, 0.8],
  classes: [0.85, 0.7],
  landmark: [0.93, 0.5],
  heading: [0.8, 0.7],
  before: [0.65, 0.45],
  after: [0.65, 0.45],
  row: [0.8, 0.9],
  chain: [0.85, 0.6],
  index: [0.6, 0.4],
}
const ALL = Object.keys(KINDS) as Kind[]
/** What can be compared before anything around an element has been read. */
export const FACE = ['test_id', 'id', 'name', 'href', 'role', 'tag', 'type', 'text', 'label', 'classes'] as const
const WORDS = ['text', 'label', 'heading', 'before', 'after', 'row'] as const
/** What a rebuild may take from every element of a page at once. */
const LOSABLE: readonly Kind[] = ['test_id', 'id', 'name', 'href', 'classes', 'icon']
/** How far a value that is not there speaks against an element, beside one that contradicts. */
const ABSENT = 0.35
const SAME = 0.8
/** How alike two texts are that only differ in numbers, where nothing else on the page was like them at capture. */
const NUMBERED = 0.9

/** What a fingerprint expects on a page in this language. Languages it was not taken in leave the words out. */
export function expectedOf(taken: Fingerprint, locale: string): Expected {
  const all = taken.words ?? {}
  const words =
    all[locale] ?? all[locale.split('-')[0] as string] ?? all[''] ?? (locale ? undefined : Object.values(all)[0])
  const expected: Expected = {
    tag: taken.tag,
    classes: taken.classes ?? [],
    chain: taken.chain ?? [],
    index: taken.index ?? 0,
  }
  for (const kind of ['test_id', 'id', 'name', 'href', 'role', 'type', 'icon', 'landmark'] as const)
    expected[kind] = taken[kind] ?? ''
  if (words) for (const kind of WORDS) expected[kind] = words[kind] ?? ''
  return expected
}

/** Leaves out what nobody on the page has any more: all ids or classes made anew say nothing of one element. */
export function withoutLost(expected: Expected, read: readonly Partial<Reading>[]): Expected {
  const kept = { ...expected }
  for (const kind of LOSABLE) {
    const value = expected[kind] as Value | undefined
    if (value === undefined || isEmpty(value)) continue
    const named = kind === 'classes' || (kind === 'icon' && (value as string)[0] === '.')
    const alike = likenessTo(kind, value)
    const anyone = read.some((each) => {
      const theirs = each[kind] as Value | undefined
      return theirs === undefined || (named ? alike(theirs) > 0 : !isEmpty(theirs))
    })
    if (!anyone) delete kept[kind]
  }
  return kept
}

/** A kind and what it says for an element that has this value. */
interface Witness {
  kind: Kind
  says(theirs: Value): number
}

/** The kinds that are expected. What many elements of a page have in common is weighed once. */
function witnesses(expected: Expected, shares: Record<string, number>): Witness[] {
  const numbered = shares['numbered'] ?? 0
  return ALL.filter((kind) => expected[kind] !== undefined).map((kind) => {
    const [kept, weight] = KINDS[kind]
    const share = Math.min(shares[kind] ?? 0.5, 0.97)
    const value = expected[kind] as Value
    const blank = isEmpty(value)
    // A kind that most of the page shares may never speak against the element that has it.
    const agreeing = weight * Math.max(0, Math.log(kept / share))
    const differing = weight * Math.log((1 - kept) / (1 - share * kept))
    const alike = likenessTo(kind, value)
    const said = new Map<Value, number>()
    return {
      kind,
      says(theirs) {
        let nats = said.get(theirs)
        if (nats === undefined) {
          let likeness = alike(theirs)
          // Where others were called the same but for a number, the number is what tells them apart.
          if (likeness === NUMBERED && numbered > (shares[kind] ?? 0)) likeness = 0.3
          const against = blank === isEmpty(theirs) ? differing : differing * ABSENT
          nats = likeness >= 1 ? agreeing : against + (agreeing - against) * likeness
          said.set(theirs, nats)
        }
        return nats
      },
    }
  })
}

/** What each kind says for elements, one after the other. Kinds that are not expected, or were not read, say nothing. */
export function weigher(expected: Expected, shares: Record<string, number>): (actual: Partial<Reading>) => Evidence {
  const asked = witnesses(expected, shares)
  return (actual) => {
    const evidence: Evidence = {}
    for (const { kind, says } of asked) {
      const theirs = actual[kind] as Value | undefined
      if (theirs !== undefined) evidence[kind] = says(theirs)
    }
    return evidence
  }
}

/** The sum of what a weigher says, without the parts. */
export function scorer(expected: Expected, shares: Record<string, number>): (actual: Partial<Reading>) => number {
  const asked = witnesses(expected, shares)
  return (actual) => {
    let total = 0
    for (const { kind, says } of asked) {
      const theirs = actual[kind] as Value | undefined
      if (theirs !== undefined) total += says(theirs)
    }
    return total
  }
}

/** All that was said, or that of the kinds in `only`. */
export function sum(evidence: Evidence, only?: Expected): number {
  let total = 0
  for (const kind of ALL) if (!only || only[kind] !== undefined) total += evidence[kind] ?? 0
  return total
}

/** Which part of these elements has the same, of each kind. The one in question is among them. */
export function sharesOf(expected: Expected, all: readonly Reading[]): Record<string, number> {
  const shares: Record<string, number> = {}
  for (const kind of ALL) {
    const value = expected[kind] as Value
    const called = kind === 'text' || kind === 'label'
    const alike = likenessTo(kind, value)
    const likenesses = all.map((each) => alike(each[kind]))
    const share = (least: number) => {
      const same = likenesses.filter((each) => each >= least).length
      return Number((Math.max(1, same) / (all.length + 1)).toFixed(4))
    }
    shares[kind] = share(called ? 1 : SAME)
    if (called && /\d/.test(value as string)) shares['numbered'] = Math.max(shares['numbered'] ?? 0, share(NUMBERED))
  }
  return shares
}

/** How alike values of a kind are to this one, 0 to 1. */
function likenessTo(kind: Kind, value: Value): (theirs: Value) => number {
  if (typeof value === 'number') return (theirs) => (theirs === value ? 1 : 0)
  if (Array.isArray(value)) {
    const shared = kind === 'chain' ? inOrderWith(value) : overlapWith(value)
    return (theirs) => shared(theirs as string[])
  }
  const unlike = unlikeTo(kind, value)
  return (theirs) => (theirs === value ? 1 : isEmpty(theirs) || !value ? 0 : unlike(theirs as string))
}

/** The same of texts, neither of which is empty nor the other. */
function unlikeTo(kind: Kind, text: string): (other: string) => number {
  switch (kind) {
    case 'text':
    case 'label': {
      const shape = /\d/.test(text) ? shapeOf(text) : ''
      const words = overlapWith(wordsOf(text))
      return (other) => (shape && shapeOf(other) === shape ? NUMBERED : Math.max(0, words(wordsOf(other)) - 0.3))
    }
    case 'row':
    case 'heading':
    case 'before':
    case 'after': {
      const words = overlapWith(wordsOf(text))
      return (other) => Math.max(0, words(wordsOf(other)) - 0.2) / 0.8
    }
    case 'icon': {
      const names = overlapWith(text.split('.'))
      return (other) => (text[0] === '.' ? names(other.split('.')) : 0)
    }
    default:
      return () => 0
  }
}

const isEmpty = (value: Value) => value === '' || (Array.isArray(value) && !value.length)
const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}#@]+/gu) ?? []

/** Twice what a list shares with another beside all they have, each name once. */
function overlapWith(names: readonly string[]): (others: readonly string[]) => number {
  const own = new Set(names)
  return (others) => {
    if (!own.size && !others.length) return 1
    let all = 0
    let both = 0
    others.forEach((each, at) => {
      if (others.indexOf(each) < at) return
      all++
      if (own.has(each)) both++
    })
    return (2 * both) / (own.size + all)
  }
}

/** The longest common subsequence of two ancestries: what was put in between does not matter much. */
function inOrderWith(a: readonly string[]): (b: readonly string[]) => number {
  return (b) => {
    if (!a.length && !b.length) return 1
    let above = new Array<number>(b.length + 1).fill(0)
    for (const each of a) {
      const row = [0]
      for (let at = 0; at < b.length; at++)
        row.push(each === b[at] ? (above[at] as number) + 1 : Math.max(above[at + 1] as number, row[at] as number))
      above = row
    }
    return (2 * (above[b.length] as number)) / (a.length + b.length)
  }
}
