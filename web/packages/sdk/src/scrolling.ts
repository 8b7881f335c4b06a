import { spotTarget } from '@handrail/targets'
import { hearAt } from './elements.ts'
import type { Dispose } from './guard.ts'
import type { Ears, Waits } from './triggers.ts'

/** Reports that so much of the page, or of a scrolling element, has come into view. What fits the window is seen whole. */
export function scrollDepth({ percent, target }: Waits<'scroll_depth'>, ears: Ears, report: () => void): Dispose {
  const { view, guard } = ears.asked.ports
  const page = view.document
  const spot = target && spotTarget(page, target, ears.words)
  let frame = 0
  const look = guard(() => {
    frame = 0
    const found = spot?.()
    const scroller = !found ? scrollerOf(view) : 'element' in found ? found.element : null
    // A page that has only begun to load fits every window.
    if (scroller && page.readyState === 'complete' && depthOf(scroller) >= percent) report()
  })
  const soon = () => {
    frame ||= view.requestAnimationFrame(look)
  }
  const off = hearAt(['scroll', 'load'], target, ears, soon)
  for (const type of ['resize', 'load']) view.addEventListener(type, soon)
  soon()
  return () => {
    off()
    for (const type of ['resize', 'load']) view.removeEventListener(type, soon)
    view.cancelAnimationFrame(frame)
  }
}

/** How much of what an element holds has come into view, in percent of its height. */
function depthOf({ scrollTop, clientHeight, scrollHeight }: Element): number {
  // Positions have fractions that heights have not: the last pixel counts as reached.
  return scrollHeight ? ((scrollTop + clientHeight + 1) / scrollHeight) * 100 : 0
}

/** What scrolls for the reader: the page or, where it stands still, the box in the middle of the window. */
function scrollerOf(view: Window & typeof globalThis): Element | null {
  const page = view.document
  const whole = page.scrollingElement
  const overflows = (each: Element) => each.scrollHeight > each.clientHeight + 1
  if (whole && overflows(whole)) return whole
  const middle = page.elementsFromPoint(view.innerWidth / 2, view.innerHeight / 2)
  let box: Element | null = middle.find((each) => each.localName !== 'handrail-root') ?? null
  while (box && !(overflows(box) && /auto|scroll/.test(view.getComputedStyle(box).overflowY))) box = box.parentElement
  return box ?? whole
}
