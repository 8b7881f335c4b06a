import { spotTarget } from '@handrail/targets'
import type { Target } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import type { Ears, Waits } from './triggers.ts'

const LOOKS = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }
/** What is typed into these is nobody's business, not even whether something is. */
const SECRET = 'input[type=password],[autocomplete*=cc-],[autocomplete~=one-time-code]'

/**
 * Hears events before the page's own handlers do: on the page and, where a target is in a frame or a shadow root, in there
 * as well, because few events come out of them.
 */
export function hearAt(
  types: readonly string[],
  target: Target | undefined,
  { asked: { ports }, watch, words }: Ears,
  listen: (event: Event) => void,
): Dispose {
  const page = ports.view.document
  const heard = new Set<Node>()
  const hear = (root: Node) => {
    if (heard.has(root)) return
    heard.add(root)
    for (const type of types) root.addEventListener(type, listen, true)
  }
  hear(page)
  const off =
    (target?.frame ?? target?.shadow) &&
    watch(
      page,
      target,
      words,
      ports.guard((found) => {
        if ('element' in found) hear(found.element.getRootNode())
      }),
    )
  return () => {
    if (off) off()
    for (const root of heard) for (const type of types) root.removeEventListener(type, listen, true)
  }
}

/** Reports that an element was clicked, or that the pointer is on it. */
export function elementUsed(
  { on, target }: Waits<'element_clicked' | 'element_hovered'>,
  ears: Ears,
  report: () => void,
  own: Target | undefined,
): Dispose {
  const { view, guard } = ears.asked.ports
  const sought = target ?? own
  const spot = sought && spotTarget(view.document, sought, ears.words)
  const element = () => {
    const known = target ? undefined : ears.target()
    if (known?.isConnected) return known
    // What the page made anew since we looked last is found by its description.
    const found = spot?.()
    return found && 'element' in found ? found.element : known
  }
  const isOn = (path: readonly EventTarget[]) => {
    const found = element()
    return !!found && path.includes(found)
  }
  if (on === 'element_clicked') {
    const listen = guard((event: Event) => {
      const path = event.composedPath()
      if (!isOurs(path) && isOn(path)) report()
    })
    return hearAt(['click'], sought, ears, listen)
  }
  // A pointer that crosses the page tells of each element on its way: it is looked at once a frame.
  let path: readonly EventTarget[] = []
  let frame = 0
  const look = guard(() => {
    frame = 0
    if (!isOurs(path) && isOn(path)) report()
  })
  const off = hearAt(
    ['pointerover'],
    sought,
    ears,
    guard((event: Event) => {
      if ((event as PointerEvent).pointerType === 'touch') return
      path = event.composedPath()
      frame ||= view.requestAnimationFrame(look)
    }),
  )
  if (element()?.matches(':hover')) report()
  return () => {
    off()
    view.cancelAnimationFrame(frame)
  }
}

/** A click on something of ours is a click on nothing of the page's, wherever we stand in it. */
const isOurs = (path: readonly EventTarget[]) => path.some((each) => (each as Element).localName === 'handrail-root')

/** Reports that an element has come to be as asked: there, away, in sight, or filled by someone who went on from it. */
export function elementState({ fact, target }: Waits<'element_state'>, ears: Ears, report: () => void): Dispose {
  const { view, guard } = ears.asked.ports
  let element: Element | undefined
  let inSight = false
  const look = guard(() => {
    if (fact === 'visible' && inSight && element?.checkVisibility(LOOKS)) report()
  })
  const sight = new view.IntersectionObserver(
    guard((entries) => {
      inSight = entries.some((each) => each.isIntersecting)
      look()
    }),
  )
  const left = guard((event: Event) => {
    if (element && event.composedPath().includes(element) && isFilled(element)) report()
  })
  const heard = fact === 'visible' ? ['transitionend', 'animationend'] : fact === 'filled' ? ['change', 'focusout'] : []
  const deaf = hearAt(heard, heard.length ? target : undefined, ears, fact === 'visible' ? look : left)
  const off = ears.watch(
    view.document,
    target,
    ears.words,
    guard((found) => {
      element = 'element' in found ? found.element : undefined
      sight.disconnect()
      inSight = false
      if (fact === 'absent' ? !element : fact === 'present' && element) report()
      else if (element && fact === 'visible') sight.observe(element)
      // Filled before the step came, and nobody is at it.
      else if (element && fact === 'filled' && !isAt(element) && isFilled(element)) report()
    }),
  )
  return () => {
    off()
    deaf()
    sight.disconnect()
  }
}

const isAt = (element: Element) => element.contains((element.getRootNode() as Document | ShadowRoot).activeElement)

/** Whether a field holds something, or a box is ticked; of what is secret nobody is told. */
export function isFilled(element: Element): boolean {
  if (element.matches(SECRET)) return false
  if (element.matches('[type=checkbox],[type=radio]')) return (element as HTMLInputElement).checked
  return 'value' in element ? String(element.value).trim() !== '' : !!element.textContent?.trim()
}
