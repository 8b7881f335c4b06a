import { make } from './blocks.ts'
import type { Dispose, Stage } from './stage.ts'
import { isCovered } from './surface.ts'

/**
 * What is drawn is announced, unless it took focus from `before`; F6 leads into it and out; and the page cannot take it
 * away.
 */
export function aid(
  stage: Stage,
  root: ShadowRoot,
  card: HTMLElement,
  before: Element | null | false | undefined,
): Dispose {
  const offs = [
    shield(stage, root),
    stayOnTop(stage, root, card),
    hopWithF6(stage, root, card, before || null),
    clearKeyboard(stage, card),
  ]
  if (!before) offs.push(announce(stage, root, card))
  // A trap of the page's may have taken focus back before the shield stood; what else is ours may keep it.
  else if (stage.document.activeElement?.localName !== 'handrail-root') card.focus({ preventScroll: true })
  return () => {
    for (const off of offs.reverse()) off()
  }
}

/** Tells a screen reader that something came, without taking the reader's place on the page. */
function announce(stage: Stage, root: ShadowRoot, card: HTMLElement): Dispose {
  const live = make(stage, 'div', 'live')
  live.role = 'status'
  root.append(live)
  const said = card.querySelector('h2,p')?.textContent ?? card.textContent ?? ''
  const timer = setTimeout(() => live.append(said), 100)
  return () => clearTimeout(timer)
}

/** F6 goes from the page into the card and back, unless the card or another of ours is modal. Who is inside when the card closes stands where they were before. */
function hopWithF6(stage: Stage, root: ShadowRoot, card: HTMLElement, before: Element | null): Dispose {
  const page = stage.document
  let origin = before
  const back = () => {
    if (origin instanceof HTMLElement && origin.isConnected && origin !== root.host)
      origin.focus({ preventScroll: true })
    // What is on the page's body stands nowhere, and neither does what went.
    if (root.activeElement) (root.activeElement as HTMLElement).blur()
  }
  const hop = stage.guard((event: KeyboardEvent) => {
    if (event.key !== 'F6' || event.defaultPrevented || isCovered(page, root)) return
    event.preventDefault()
    if (!event.composedPath().includes(card)) {
      origin = page.activeElement
      card.focus({ preventScroll: true })
    } else if (!card.ariaModal) back()
  })
  page.addEventListener('keydown', hop, true)
  return () => {
    page.removeEventListener('keydown', hop, true)
    if (root.activeElement) back()
  }
}

const KEYS = ['keydown', 'keypress', 'keyup']

/** What is typed here, and that focus came here, is no business of the page's, not even of what listens first. */
function shield(stage: Stage, root: ShadowRoot): Dispose {
  const view = stage.document.defaultView ?? window
  const keep = (event: Event) => {
    const path = event.composedPath()
    const typed = !KEYS.includes(event.type) || isTyping(path[0] as Element, event as KeyboardEvent)
    if (typed && path.includes(root)) event.stopImmediatePropagation()
  }
  const types = ['focus', 'blur', 'focusin', 'focusout', ...KEYS]
  for (const type of types) view.addEventListener(type, keep, true)
  return () => {
    for (const type of types) view.removeEventListener(type, keep, true)
  }
}

const isTyping = (element: Element, { key }: KeyboardEvent) =>
  key?.length === 1 && element.matches('textarea,input:not([type=radio],[type=checkbox],[type=range])')

/** Comes up again when something of the page's went over it, was taken away under it, or hid it from readers. */
function stayOnTop(stage: Stage, root: ShadowRoot, card: HTMLElement): Dispose {
  const page = stage.document
  const host = root.host as HTMLElement
  // Taken off the page, the surface puts itself where it can be reached, above everything.
  const again = () => {
    const active = root.activeElement as HTMLElement | null
    host.remove()
    if (active) queueMicrotask(stage.guard(() => active.focus({ preventScroll: true })))
  }
  const covers = (other: Element) => other.matches('[popover]:popover-open') && overlap(other, card)
  const onToggle = stage.guard((event: Event) => {
    if (covers(event.target as Element)) again()
    watchHome()
  })
  // Outside of what is full screen everything is inert; once nothing is, we need not stay in it.
  const onFullScreen = stage.guard(again)
  const home = new MutationObserver(
    stage.guard(() => {
      if (!host.isConnected) again()
    }),
  )
  const watchHome = () => {
    home.disconnect()
    if (host.parentNode instanceof HTMLDialogElement) home.observe(page, { childList: true, subtree: true })
  }
  const bare = () => {
    for (const name of ['inert', 'aria-hidden']) host.removeAttribute(name)
  }
  const hidden = new MutationObserver(bare)
  hidden.observe(host, { attributeFilter: ['inert', 'aria-hidden'] })
  page.addEventListener('toggle', onToggle, true)
  page.addEventListener('fullscreenchange', onFullScreen)
  watchHome()
  if (page.fullscreenElement || [...page.querySelectorAll('[popover]')].some(covers)) again()
  return () => {
    home.disconnect()
    hidden.disconnect()
    page.removeEventListener('toggle', onToggle, true)
    page.removeEventListener('fullscreenchange', onFullScreen)
  }
}

function overlap(one: Element, other: Element): boolean {
  const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()]
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/** Tells a card's style how much of the window a phone's keyboard covers: the page does not shrink for it. */
function clearKeyboard(stage: Stage, card: HTMLElement): Dispose {
  const view = stage.document.defaultView ?? window
  const seen = view.visualViewport
  if (!seen) return () => undefined
  let last = 0
  const tell = stage.guard(() => {
    // Who zooms in sees less of the page as well, without a keyboard.
    const covered = seen.scale > 1.01 ? 0 : view.innerHeight - seen.height - seen.offsetTop
    const told = Math.max(0, Math.round(covered))
    if (told !== last) card.style.setProperty('--keyboard', `${(last = told)}px`)
  })
  const types = ['resize', 'scroll']
  for (const type of types) seen.addEventListener(type, tell)
  // It may be up already: what is written on may have led here. Asked in the frame, which lays the page out in any case.
  const frame = requestAnimationFrame(tell)
  return () => {
    cancelAnimationFrame(frame)
    for (const type of types) seen.removeEventListener(type, tell)
  }
}

const FOCUSABLE = 'a[href],button,video[controls],iframe,input,select,textarea,[tabindex="0"]'

/** Tab passes the radios of a group as one, whichever of them it comes from. */
const groupOf = (element: Element): unknown => (element as HTMLInputElement).name || element

/** Keeps focus inside a modal step while it stands; then `before` has it again, unless something else of the page took it. */
export function keepFocus(stage: Stage, card: HTMLElement, before: Element | null): Dispose {
  const page = stage.document
  const root = card.getRootNode() as ShadowRoot
  const keep = stage.guard((event: KeyboardEvent) => {
    if (event.key !== 'Tab') return
    const stops = [...card.querySelectorAll<HTMLElement>(FOCUSABLE)]
    const active = root.activeElement
    const first = stops[0] ?? card
    const last = stops.at(-1) ?? card
    const leaving = event.shiftKey ? active === card || (active && groupOf(active) === groupOf(first)) : active === last
    if (active && !leaving) return
    event.preventDefault()
    ;(event.shiftKey ? last : first).focus()
  })
  page.addEventListener('keydown', keep, true)
  return () => {
    page.removeEventListener('keydown', keep, true)
    const active = page.activeElement
    if (
      before instanceof HTMLElement &&
      before.isConnected &&
      (!active || active === page.body || active === root.host)
    )
      before.focus({ preventScroll: true })
  }
}
