import type { Condition } from '@handrail/wire'
import { isFilled } from './elements.ts'
import type { Dispose, Guard } from './guard.ts'

/** What conditions ask of the elements of a page. */
export interface Uses {
  /** What was clicked and hovered since somebody first asked, as `fact css`; it outlives each watch. */
  used: Set<string>
  /** Whether one of the elements that a selector names is as asked; there while somebody watches. */
  isSo?: ((css: string, fact: string) => boolean) | undefined
}

/** Pages change all the time; what elements are there is looked at this long after they did, in milliseconds. */
const CALM = 300

/** The elements that a condition asks for: their selectors, and what is asked of each. */
export function elementsIn(condition: Condition | undefined): [css: string, fact: string][] {
  if (!condition) return []
  if ('all' in condition) return condition.all.flatMap(elementsIn)
  if ('any' in condition) return condition.any.flatMap(elementsIn)
  if ('not' in condition) return elementsIn(condition.not)
  return 'element' in condition ? [[condition.element, condition.fact ?? 'present']] : []
}

/** Watches the elements that conditions ask for, and reports when an answer has changed. Returns the off switch. */
export function watchUses(
  view: Window & typeof globalThis,
  guard: Guard,
  asked: readonly [css: string, fact: string][],
  uses: Uses,
  changed: () => void,
): Dispose {
  const page = view.document
  const isSo = (css: string, fact: string) => {
    if (fact === 'clicked' || fact === 'hovered') return uses.used.has(`${fact} ${css}`)
    return [...page.querySelectorAll(css)].some((each) => {
      if (fact === 'visible') return each.checkVisibility()
      return fact === 'present' || isFilled(each)
    })
  }
  const answers = () => asked.map(([css, fact]) => isSo(css, fact)).join()
  let last = answers()
  let timer = 0
  const look = () => {
    view.clearTimeout(timer)
    timer = 0
    if (last !== (last = answers())) changed()
  }
  const soon = () => {
    timer ||= view.setTimeout(guard(look), CALM)
  }
  const observer = new view.MutationObserver(soon)
  observer.observe(page, { subtree: true, childList: true, attributes: true })
  const offs: Dispose[] = []
  const hear = (type: string, fact: string, then: () => void) => {
    if (!asked.some(([, wanted]) => wanted === fact)) return
    const heard = guard((event: Event) => {
      const path = event.composedPath().filter((each): each is Element => each instanceof view.Element)
      for (const [css, wanted] of asked)
        if (wanted === fact && path.some((each) => each.matches(css))) uses.used.add(`${fact} ${css}`)
      then()
    })
    page.addEventListener(type, heard, true)
    offs.push(() => page.removeEventListener(type, heard, true))
  }
  // At once: a click may leave the page.
  hear('click', 'clicked', look)
  hear('change', 'filled', soon)
  hear('pointerover', 'hovered', soon)
  uses.isSo = isSo
  return () => {
    if (uses.isSo === isSo) uses.isSo = undefined
    observer.disconnect()
    view.clearTimeout(timer)
    for (const off of offs) off()
  }
}
