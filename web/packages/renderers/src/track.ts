import type { Dispose, Stage } from './stage.ts'

const GAP = 12
const ROOM = 8

const OWN = `
.tracked{inset:0 auto auto 0}
`

/**
 * Follows a target where the browser cannot: wakes on scrolling, resizing and moves, reads once a frame, writes only
 * what changed. Nothing runs while nothing moves.
 */
export function track(stage: Stage, target: Element, card: HTMLElement, ring: HTMLElement, place: string): Dispose {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(OWN)
  ;(card.getRootNode() as ShadowRoot).adoptedStyleSheets.push(sheet)
  const page = stage.document
  return followed(stage, target, [card, ring], (box) => {
    const size = card.getBoundingClientRect()
    const width = page.documentElement.clientWidth
    const height = page.documentElement.clientHeight
    const above = box.top - size.height - GAP
    const below = box.bottom + GAP
    const fitsBelow = below + size.height <= height - ROOM
    const wanted = place === 'top' ? (above >= ROOM ? above : below) : fitsBelow || above < ROOM ? below : above
    // Where there is room on neither side, it is better over its target than out of the window.
    const top = Math.max(ROOM, Math.min(wanted, height - size.height - ROOM))
    const left = Math.max(ROOM, Math.min(box.left + box.width / 2 - size.width / 2, width - size.width - ROOM))
    return [
      [box.left, box.top, box.width, box.height, left, top],
      () => {
        card.style.transform = `translate(${Math.round(left)}px,${Math.round(top)}px)`
        ring.style.cssText = `inset:0 auto auto 0;width:${box.width}px;height:${box.height}px;transform:translate(${box.left}px,${box.top}px)`
      },
    ]
  })
}

/** The frames of the page that a target is in, from the innermost out. */
function framesOf(page: Document, target: Element): HTMLElement[] {
  const frames: HTMLElement[] = []
  let at = target
  while (at.ownerDocument !== page) {
    const frame = at.ownerDocument.defaultView?.frameElement
    // The frame has gone, and its page with it.
    if (!frame) break
    frames.push((at = frame) as HTMLElement)
  }
  return frames
}

/** Where a target is in the window, and whether the frames that it is in show it. */
function placeOf(target: Element, frames: readonly HTMLElement[]): [DOMRect, boolean] {
  let box = target.getBoundingClientRect()
  let isShown = true
  for (const frame of frames) {
    const outer = frame.getBoundingClientRect()
    const style = getComputedStyle(frame)
    // A frame may be scaled, and its page begins inside its border and padding.
    const scale = outer.width / frame.offsetWidth || 1
    const left = outer.left + scale * (frame.clientLeft + Number.parseFloat(style.paddingLeft) + box.left)
    const top = outer.top + scale * (frame.clientTop + Number.parseFloat(style.paddingTop) + box.top)
    box = new DOMRect(left, top, scale * box.width, scale * box.height)
    isShown &&= box.top < outer.bottom && box.bottom > outer.top && box.left < outer.right && box.right > outer.left
  }
  return [box, isShown]
}

/** Reads where a target is once a frame in which something moved, and writes when what `read` saw is not as before. */
function followed(
  stage: Stage,
  target: Element,
  drawn: readonly HTMLElement[],
  read: (box: DOMRect) => [number[], () => void],
): Dispose {
  const page = stage.document
  const view = page.defaultView ?? window
  const frames = framesOf(page, target)
  let frame = 0
  let last = ''
  const follow = stage.guard(() => {
    frame = 0
    const [box, isShown] = placeOf(target, frames)
    const [numbers, write] = read(box)
    const now = [...numbers.map(Math.round), isShown].join()
    if (now === last) return
    last = now
    write()
    for (const each of drawn) each.style.visibility = isShown ? '' : 'hidden'
    framed.disconnect()
    const { clientWidth: width, clientHeight: height } = page.documentElement
    const margin = [box.top, width - box.right, height - box.bottom, box.left].map(
      (each) => `${-Math.max(0, Math.floor(each))}px`,
    )
    framed = new IntersectionObserver(() => soon(), { rootMargin: margin.join(' '), threshold: 1 })
    framed.observe(target)
  })
  let framed = new IntersectionObserver(() => undefined)
  const soon = () => {
    frame ||= view.requestAnimationFrame(follow)
  }
  const sizes = new ResizeObserver(soon)
  for (const each of [target, ...frames, ...drawn]) sizes.observe(each)
  const pages = new Set([target, ...frames].map((each) => each.ownerDocument))
  for (const each of pages) each.addEventListener('scroll', soon, { capture: true, passive: true })
  view.addEventListener('resize', soon)
  follow()
  return () => {
    view.cancelAnimationFrame(frame)
    framed.disconnect()
    sizes.disconnect()
    for (const each of pages) each.removeEventListener('scroll', soon, { capture: true })
    view.removeEventListener('resize', soon)
  }
}

/** Keeps an element on a point of a target where the browser cannot; wakes as `track` does. */
export function trackPoint(
  stage: Stage,
  target: Element,
  element: HTMLElement,
  x: 'left' | 'center' | 'right',
  y: 'top' | 'center' | 'bottom',
): Dispose {
  const page = stage.document
  const part = { left: 0, top: 0, center: 0.5, right: 1, bottom: 1 }
  return followed(stage, target, [element], (box) => {
    const width = page.documentElement.clientWidth
    const left = Math.max(14, Math.min(box.left + box.width * part[x], width - 14))
    const top = box.top + box.height * part[y]
    return [
      [left, top],
      () => {
        element.style.transform = `translate(${left}px,${top}px)`
      },
    ]
  })
}
