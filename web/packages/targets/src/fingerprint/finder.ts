import type { Fingerprint, Target } from '@handrail/wire'
import { type Found, isVisible, type Scope, scopeOf } from '../find.ts'
import type { Finder } from '../watch.ts'
import { candidatesFor, localeOf } from './candidates.ts'
import { type Face, Reader, type Reading, scopesIn } from './reading.ts'
import { type Evidence, type Expected, expectedOf, scorer, sum, withoutLost } from './score.ts'

/** What each strictness asks: agreement and lead as parts of those at capture, and the least lead in nats. */
const ASKED = {
  loose: [0.1, 0.1, 0.25],
  normal: [0.2, 0.2, 0.7],
  strict: [0.6, 0.5, 1.5],
} as const
/** How many candidates are compared with everything around them. */
const DEEP = 30

interface Ranked {
  element: Element
  face: Face
  score: number
}

/**
 * A finder of fingerprints. It answers with the element only where that agrees well enough with the day of capture, and
 * leads well enough before the next best; else with `weak` or `ambiguous`. The same element is not weighed again while
 * it and all around it read as they did.
 */
export function makeFinder(): Finder {
  let last: { element: Element; reading: string } | undefined
  return (root, target) => {
    const taken = target.fingerprint
    if (!taken) return { missing: 'none' }
    if (last?.element.isConnected && isVisible(last.element) && written(last.element) === last.reading)
      return { element: last.element }
    const found = weigh(taken, ASKED[target.strictness ?? 'normal'], scopesFor(root, target))
    last = 'element' in found ? { element: found.element, reading: written(found.element) } : undefined
    return found
  }
}

function written(element: Element): string {
  return JSON.stringify(new Reader().read(element))
}

/** Where to look: in the frame or shadow root that was named, and everywhere when the way there is lost. */
function scopesFor(root: Document, target: Target): readonly Scope[] {
  const scope = scopeOf(root, target)
  return scope ? [scope] : scopesIn(root)
}

function weigh(taken: Fingerprint, asked: readonly [number, number, number], scopes: readonly Scope[]): Found {
  const candidates = candidatesFor(taken, scopes)
  const [first] = candidates
  if (!first) return { missing: 'none' }
  const shares = taken.shares ?? {}
  const reader = new Reader()
  const faces = candidates.map((each) => reader.face(each))
  const expected = withoutLost(expectedOf(taken, localeOf(first)), faces)
  const scoreOf = scorer(expected, shares)
  const ranked = faces.map((face, at): Ranked => ({ element: candidates[at] as Element, face, score: scoreOf(face) }))
  ranked.sort(byScore)
  const deep = ranked.slice(0, DEEP)
  const readings = deep.map(({ element, face }): Reading => ({ ...face, ...reader.setting(element, face) }))
  const comparable = withoutLost(expected, readings)
  const deepScoreOf = scorer(comparable, shares)
  const weighed = deep.map((each, at): Ranked => ({ ...each, score: deepScoreOf(readings[at] as Reading) }))
  weighed.sort(byScore)
  return judge(weighed, comparable, taken, asked)
}

const byScore = (one: Ranked, other: Ranked) => other.score - one.score

function judge(
  ranked: readonly Ranked[],
  expected: Expected,
  taken: Fingerprint,
  [agreed, leading, least]: readonly [number, number, number],
): Found {
  const full = scorer(expected, taken.shares ?? {})(expected)
  const rival = sum((taken.rival ?? {}) as Evidence, expected)
  const apart = Math.max(full - rival, 0.01)
  const [first] = ranked as [Ranked]
  // A copy that nobody sees, as in the menu for narrow screens, is no rival of one that is seen.
  const near = ranked.filter((each) => first.score - each.score < Math.max(apart, least))
  const seen = near.filter((each) => isVisible(each.element))
  const shown = seen[0] && first.score - seen[0].score < least
  const [best, next] = shown ? seen : ranked
  if (!best) return { missing: 'none' }
  const agreement = Math.min(1, (best.score - rival) / apart)
  if (agreement < agreed) return { missing: 'weak', agreement }
  const lead = next ? best.score - next.score : apart
  if (lead < least || lead < leading * apart) return { missing: 'ambiguous', agreement }
  return shown ? { element: best.element, agreement } : { missing: 'hidden', agreement }
}
