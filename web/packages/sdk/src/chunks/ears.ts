import type { Candidate } from '@handrail/wire'
import type { Dispose, Guard } from '../guard.ts'
import type { Runtime } from '../runtime.ts'

/**
 * Hears what starts experiences that wait for a click on the page's own element, or for the pointer to leave; and looks
 * again when elements that an audience asks for came, went or were used.
 */
export function listen(
  view: Window & typeof globalThis,
  guard: Guard,
  candidates: readonly Candidate[],
  runtime: Pick<Runtime, 'consider' | 'uses'>,
): Dispose {
  const page = view.document
  const clicked = guard((event: Event) => {
    const path = event.composedPath().filter((each): each is Element => each instanceof view.Element)
    // A click on something of ours is a click on nothing of the page's.
    if (path.some((each) => each.localName === 'handrail-root')) return
    for (const { key, showOn } of candidates)
      if (showOn.on === 'element_click' && path.some((each) => each.matches(showOn.css)))
        runtime.consider('element_click', key)
  })
  const left = guard((event: Event) => {
    const { relatedTarget, clientY } = event as MouseEvent
    if (!relatedTarget && clientY <= 0) runtime.consider('page_exit')
  })
  const residuals = candidates.map(({ residual }) => residual)
  const watching = /"element\\*":/.test(JSON.stringify(residuals))
    ? import('../triggers.ts').then(
        ({ elementsIn, watchUses }) => {
          const look = () => runtime.consider('page_opening')
          const off = watchUses(view, guard, residuals.flatMap(elementsIn), runtime.uses, look)
          guard(look)()
          return off
        },
        () => undefined,
      )
    : undefined
  page.addEventListener('click', clicked, true)
  page.documentElement.addEventListener('mouseout', left)
  return () => {
    void watching?.then((off) => off?.())
    page.removeEventListener('click', clicked, true)
    page.documentElement.removeEventListener('mouseout', left)
  }
}
