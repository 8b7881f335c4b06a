import type { Candidate } from '@handrail/wire'
import type { Dispose, Guard } from '../guard.ts'
import type { Runtime } from '../runtime.ts'

/** Hears what starts experiences that wait for a click on the page's own element, or for the pointer to leave. */
export function listen(
  view: Window & typeof globalThis,
  guard: Guard,
  candidates: readonly Candidate[],
  runtime: Pick<Runtime, 'consider'>,
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
  page.addEventListener('click', clicked, true)
  page.documentElement.addEventListener('mouseout', left)
  return () => {
    page.removeEventListener('click', clicked, true)
    page.documentElement.removeEventListener('mouseout', left)
  }
}
