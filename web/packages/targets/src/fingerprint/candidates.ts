import type { Fingerprint } from '@handrail/wire'
import type { Scope } from '../find.ts'
import { CONTROLS } from './reading.ts'

const ACTED_ON = new Set('a button input select textarea summary label'.split(' '))
const HIGHEST = 5000

/** The elements of a page that could be the one: what people act on, or what looks and is called like it. */
export function candidatesFor(taken: Fingerprint, scopes: readonly Scope[]): Element[] {
  const role = taken.role ?? ''
  const acted = ACTED_ON.has(taken.tag) || (role !== '' && !/^(heading|row|cell|listitem|navigation)$/.test(role))
  const names = [
    taken.tag,
    role === 'heading' && 'h1,h2,h3,h4,h5,h6,[role=heading]',
    ...(taken.classes ?? []).map((each) => `.${CSS.escape(each)}`),
    taken.id && `[id="${CSS.escape(taken.id)}"]`,
    BOXES.includes(taken.tag) && BOXES,
  ].filter(Boolean)
  const selector = acted ? CONTROLS : names.join()
  return scopes.flatMap((scope) => shownIn(scope, selector)).slice(0, HIGHEST)
}

/** What a selector finds in a scope, save in a page's head. */
function shownIn(scope: Scope, selector: string): Element[] {
  const head = 'head' in scope ? scope.head : null
  return Array.from(scope.querySelectorAll(selector)).filter((each) => !head?.contains(each) && !isOurs(each))
}

const isOurs = (element: Element) => element.localName === 'handrail-root'

const BOXES = 'div,section,article'

/** The language a page is written in, as it says itself; "" when it does not. */
export const localeOf = (element: Element): string => element.closest('[lang]')?.getAttribute('lang') ?? ''
