import type { Fingerprint, Target, Wording } from '@handrail/wire'
import { isVisible, type Scope } from '../find.ts'
import { candidatesFor, localeOf } from './candidates.ts'
import { Reader, type Reading } from './reading.ts'
import { type Evidence, expectedOf, sharesOf, sum, weigher } from './score.ts'

export interface Captured {
  fingerprint: Fingerprint
  /** How likely this element is among all that are like it, 0 to 1: what an author should see before going on. */
  confidence: number
  /** Those that could be taken for it, the likest first. */
  rivals: Element[]
}

/** How near a rival has to be, in nats, to be named. */
const NEAR = 3

/** Takes an element's fingerprint, with how common each signal is on the page as it is now. */
export function capture(element: Element): Captured {
  const reader = new Reader()
  const own = reader.read(element)
  const bare = fingerprintOf(own, localeOf(element))
  const others = candidatesFor(bare, [element.getRootNode() as Scope]).filter((each) => each !== element)
  const readings = others.map((each) => reader.read(each))
  const expected = expectedOf(bare, localeOf(element))
  const shares = sharesOf(expected, [own, ...readings])
  const weigh = weigher(expected, shares)
  const full = sum(weigh(own))
  const ranked = readings
    .map((reading, at) => {
      const evidence = weigh(reading)
      return { element: others[at] as Element, evidence, score: sum(evidence) }
    })
    .sort((one, other) => other.score - one.score)
    // What nobody sees is no rival of what somebody does; further down it does not matter.
    .filter((each, at) => at > 9 || isVisible(each.element) || !isVisible(element))
  let odds = 1
  for (const each of ranked) odds += Math.exp(each.score - full)
  return {
    fingerprint: { ...bare, shares, rival: rounded(ranked[0]?.evidence ?? {}) },
    confidence: 1 / odds,
    rivals: ranked.filter((each) => full - each.score < NEAR).map((each) => each.element),
  }
}

/** The same fingerprint with what the element is called where the page speaks another language. */
export function addLocale(taken: Fingerprint, element: Element): Fingerprint {
  const words = wordingOf(new Reader().read(element))
  return { ...taken, words: { ...taken.words, [localeOf(element)]: words } }
}

/** Where an element is, as the frame and shadow paths of a target. */
export function placeOf(element: Element): Pick<Target, 'frame' | 'shadow'> {
  const shadow: string[] = []
  const frame: string[] = []
  let scope = element.getRootNode() as Scope
  while ('host' in scope) {
    shadow.unshift(pathTo(scope.host))
    scope = scope.host.getRootNode() as Scope
  }
  for (let view = scope.defaultView; view?.frameElement; view = view.parent as typeof view)
    frame.unshift(pathTo(view.frameElement))
  return { ...(frame.length && { frame }), ...(shadow.length && { shadow }) }
}

/** A path of CSS that leads to this element alone: by an id where there is a stable one, by places otherwise. */
function pathTo(element: Element): string {
  const { id } = new Reader().face(element)
  const scope = element.getRootNode() as Scope
  if (id && id === element.id && scope.querySelectorAll(`[id="${CSS.escape(id)}"]`).length === 1)
    return `#${CSS.escape(id)}`
  const named = element.localName
  if (scope.querySelectorAll(named).length === 1) return named
  const parent = element.parentElement
  const place = parent ? Array.from(parent.children).indexOf(element) + 1 : 1
  return `${parent ? `${pathTo(parent)} > ` : ''}${named}:nth-child(${place})`
}

const wordingOf = (reading: Reading): Wording =>
  filled({
    text: reading.text,
    label: reading.label,
    heading: reading.heading,
    before: reading.before,
    after: reading.after,
    row: reading.row,
  })

function fingerprintOf(reading: Reading, locale: string): Fingerprint {
  const { tag, test_id, id, name, href, role, type, icon, landmark, classes, chain, index } = reading
  const signals = filled({ test_id, id, name, href, role, type, icon, landmark, classes, chain, index })
  return { tag, words: { [locale]: wordingOf(reading) }, ...signals }
}

/** Without the members that hold nothing. */
function filled<T extends object>(members: T): Partial<T> {
  const kept = Object.entries(members).filter(([, value]) => (Array.isArray(value) ? value.length : value))
  return Object.fromEntries(kept) as Partial<T>
}

const rounded = (evidence: Evidence): Record<string, number> =>
  Object.fromEntries(Object.entries(evidence).map(([kind, nats]) => [kind, Number(nats.toFixed(3))]))
