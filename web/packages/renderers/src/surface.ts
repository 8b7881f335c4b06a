import { make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import type { Dispose, Stage, StepStage } from './stage.ts'

const STOPPED = 'keydown keyup keypress beforeinput input change paste copy cut focusin focusout focus blur'.split(' ')

/** Our place on the page: a host element with an open shadow root, in the top layer, and the way out of it. */
export interface Surface {
  root: ShadowRoot
  /**
   * Adds a popover to the top layer, anchored to `source` where the browser knows how. With `shown` it comes below what is
   * modal of ours or shades the page: the top layer is a stack, so it waits until nothing does, and `shown` hears when it
   * first stands.
   */
  raise(element: HTMLElement, source?: Element | null, shown?: () => void): void
  close: Dispose
}

export const anchorsNatively = (): boolean =>
  CSS.supports('position-area', 'bottom') && CSS.supports('top', 'anchor(top)')

/** Mounts inside the host's modal dialog or what it shows full screen: everything else is inert then, the top layer included. */
function parentIn(page: Document): Element {
  return [...page.querySelectorAll(':modal')].at(-1) ?? page.body ?? page.documentElement
}

/** Whether something else of ours is modal or shades the page: what stands below it is out of reach. */
export const isCovered = (page: Document, root: ShadowRoot): boolean =>
  [...page.querySelectorAll('handrail-root')].some(
    ({ shadowRoot }) => shadowRoot !== root && shadowRoot?.querySelector('[aria-modal],.shade,.lit'),
  )

export function mount(stage: Stage, sheet: CSSStyleSheet): Surface {
  const page = stage.document
  const host = page.createElement('handrail-root')
  const root = host.attachShadow({ mode: 'open' })
  root.adoptedStyleSheets = [sheet]
  const raised = new Map<HTMLElement, () => void>()
  // The page's own shortcuts and focus traps must not hear what is typed here.
  const stop = (event: Event) => event.stopPropagation()
  for (const type of STOPPED) host.addEventListener(type, stop)
  const place = stage.guard(() => {
    const parent = parentIn(page)
    if (host.parentNode !== parent) {
      observer.observe(parent, { childList: true })
      parent.append(host)
      // A page that keeps copies of itself, to go back to, keeps one of us without what stood in it.
      for (const each of page.querySelectorAll('handrail-root')) if (!each.shadowRoot) each.remove()
    }
    for (const [element, show] of raised) if (element.isConnected) show()
  })
  // A dialog of the page opened or closed, or the page replaced its body: we go where we can be reached.
  const onToggle = (event: Event) => {
    if (event.target instanceof HTMLDialogElement) place()
  }
  page.addEventListener('toggle', onToggle, true)
  const observer = new MutationObserver(place)
  observer.observe(page.documentElement, { childList: true })
  place()
  return {
    root,
    raise(element, source, shown) {
      const options = source ? { source: source as HTMLElement } : undefined
      let hears = shown
      const show = () => {
        if (element.matches(':popover-open') || (shown && isCovered(page, root))) return
        ;(element.showPopover as (options?: { source: HTMLElement }) => void)(options)
        hears?.()
        hears = undefined
      }
      element.popover = 'manual'
      element.dir = getComputedStyle(source ?? page.documentElement).direction
      // Raised again it is the last: what is below it stays there wherever all of it goes.
      raised.delete(element)
      raised.set(element, show)
      root.append(element)
      show()
    },
    close() {
      observer.disconnect()
      page.removeEventListener('toggle', onToggle, true)
      host.remove()
    },
  }
}

/** The closing cross; the step says what it does. */
export function drawCross(stage: StepStage): HTMLButtonElement | null {
  if (!stage.cross) return null
  const snoozes = stage.cross === 'snooze' && stage.snoozeLeft
  const button = make(stage, 'button', 'cross')
  button.type = 'button'
  button.ariaLabel = snoozes ? stage.word('later', 'Remind me later') : stage.word('close', 'Close')
  button.append(drawIcon(stage, snoozes ? 'M7 1a6 6 0 1 0 0 12A6 6 0 0 0 7 1m0 2.5V7l2.5 1.5' : 'M2 2l10 10M12 2 2 12'))
  button.addEventListener(
    'click',
    stage.guard(() => leave(stage, 'cross')),
  )
  return button
}

/** What the cross does; with the cross hidden, Esc still dismisses (RULES 37). */
export function leave(stage: StepStage, by: 'cross' | 'esc'): void {
  stage.act([stage.cross && stage.content.cross?.action ? stage.content.cross.action : { type: 'dismiss' }], by)
}

/** Esc closes when it is meant for us: focus is in here or nowhere, or nothing else can be reached (`always`). */
export function watchEscape(stage: StepStage, root: ShadowRoot, always: boolean): Dispose {
  const page = stage.document
  const listen = stage.guard((event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return
    const inside = event.composedPath().includes(root)
    const active = page.activeElement
    if (!always && !inside && active && active !== page.body) return
    event.preventDefault()
    event.stopPropagation()
    leave(stage, 'esc')
  })
  page.addEventListener('keydown', listen, true)
  return () => page.removeEventListener('keydown', listen, true)
}

/** Keeps focus inside a modal step while it stands, and gives it back. */
export function trap(stage: Stage, card: HTMLElement): Dispose {
  const before = stage.document.activeElement
  card.focus({ preventScroll: true })
  return helped(stage, ({ keepFocus }) => [keepFocus(stage, card, before)])
}

/** What helps people and holds its own against the page, and nothing that painting waits for. `focused`: it takes focus. */
export function assist(stage: Stage, root: ShadowRoot, card: HTMLElement, focused?: boolean): Dispose {
  const before = stage.document.activeElement
  if (focused) card.focus({ preventScroll: true })
  return helped(stage, ({ aid }) => [aid(stage, root, card, focused && before)])
}

type Aids = typeof import('./aids.ts')

/** The aids, since they came: a card that follows has its focus at once, whatever trap of the page's is after it. */
let aids: Aids | undefined

/** With the aids of keyboards and screen readers, which the first painting does not wait for. */
function helped(stage: Stage, help: (aids: Aids) => Dispose[]): Dispose {
  let offs: Dispose[] | undefined = []
  const begin = stage.guard((came: Aids) => {
    aids = came
    if (offs) offs = help(came)
  })
  if (aids) begin(aids)
  // After the next frame: what is fetched and compiled before it keeps the first painting waiting.
  else requestAnimationFrame(() => setTimeout(() => import('./aids.ts').then(begin, () => undefined)))
  return () => {
    for (const off of offs ?? []) off()
    offs = undefined
  }
}

/** Calls `seen` once half of the element was visible for a second, with the page in front. */
export function watchSeen(stage: Stage, element: Element, seen: () => void): Dispose {
  let timer = 0
  let visible = false
  const update = () => {
    clearTimeout(timer)
    if (visible && !stage.document.hidden)
      timer = window.setTimeout(
        stage.guard(() => {
          off()
          seen()
        }),
        1000,
      )
  }
  const observer = new IntersectionObserver(
    (entries) => {
      visible = entries.some((entry) => entry.isIntersecting)
      update()
    },
    { threshold: 0.5 },
  )
  observer.observe(element)
  stage.document.addEventListener('visibilitychange', update)
  const off = () => {
    clearTimeout(timer)
    observer.disconnect()
    stage.document.removeEventListener('visibilitychange', update)
  }
  return off
}
