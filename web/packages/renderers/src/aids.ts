import { make } from './blocks.ts'
import type { Dispose, Stage } from './stage.ts'

/** Tells a screen reader that something came, without taking the reader's place on the page. */
export function announce(stage: Stage, root: ShadowRoot, card: HTMLElement): Dispose {
  const live = make(stage, 'div', 'live')
  live.role = 'status'
  root.append(live)
  const said = card.querySelector('h2')?.textContent ?? card.textContent ?? ''
  const timer = setTimeout(() => live.append(said), 100)
  return () => clearTimeout(timer)
}

/** F6 goes from the page into the step and back. */
export function hopWithF6(stage: Stage, card: HTMLElement): Dispose {
  const page = stage.document
  let origin: Element | null = null
  const hop = stage.guard((event: KeyboardEvent) => {
    if (event.key !== 'F6' || event.defaultPrevented) return
    event.preventDefault()
    if (event.composedPath().includes(card)) {
      if (origin instanceof HTMLElement) origin.focus({ preventScroll: true })
      else card.blur()
    } else {
      origin = page.activeElement
      card.focus({ preventScroll: true })
    }
  })
  page.addEventListener('keydown', hop, true)
  return () => page.removeEventListener('keydown', hop, true)
}
