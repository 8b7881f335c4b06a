import type { Step } from '@handrail/wire'
import { make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import type { Dispose, Drawn, Stage, StepStage } from './stage.ts'
import { sheetFor } from './style.ts'
import { anchorsNatively, mount } from './surface.ts'

const OWN = `
.pointer{position:fixed;pointer-events:none;overflow:visible;width:0;height:0}
.pointer.native{position-anchor:auto;left:anchor(center);top:anchor(center);position-visibility:anchors-visible}
.pointer svg{position:absolute;inset:-2px auto auto -2px;width:30px;height:30px;stroke:var(--on-primary);filter:drop-shadow(0 2px 4px rgb(15 18 28/.35))}
.pointer i{position:absolute;inset:-18px;border-radius:50%;border:2px solid var(--primary)}
`
const TRAVEL = 900
const EASE = 'cubic-bezier(.3,.1,.2,1)'

/**
 * Draws a step with a pointer that goes to its element and clicks, for the eye only: nothing on the page is clicked. It
 * comes from the middle of the window. Whoever wants less motion finds it where it was going.
 */
export function drawCursor(stage: StepStage<Step>, drawCard: (stage: StepStage<Step>) => Drawn): Drawn {
  const card = drawCard(stage)
  const surface = mount(stage, sheetFor(stage.theme, OWN))
  const ripple = make(stage, 'i')
  const arrow = drawIcon(stage, 'M1 1l4.2 11.2 1.8-4.6 4.7-1.7z', 'var(--primary)')
  const pointer = make(stage, 'div', 'pointer', ripple, arrow)
  pointer.ariaHidden = 'true'
  let off: Dispose | undefined

  function point(target: Element) {
    off?.()
    if (pointer.matches(':popover-open')) pointer.hidePopover()
    surface.raise(pointer, target)
    off = keepAt(stage, pointer, target)
    if (!matchMedia('(prefers-reduced-motion:reduce)').matches) travel(target)
  }

  function travel(target: Element) {
    const box = target.getBoundingClientRect()
    const from = `${innerWidth / 2 - box.x - box.width / 2}px ${innerHeight / 2 - box.y - box.height / 2}px`
    // Not the pointer itself: it is anchored, and the page would be laid out anew in every frame.
    arrow.animate([{ translate: from, opacity: 0 }, { opacity: 1, offset: 0.2 }, { translate: '0 0' }], {
      duration: TRAVEL,
      easing: EASE,
    })
    const click = { delay: TRAVEL, duration: 500, fill: 'backwards' as const }
    ripple.animate([{ scale: '0', opacity: 1 }, { scale: '1' }], click)
    arrow.animate([{ scale: '1' }, { scale: '.8', offset: 0.3 }, { scale: '1' }], click)
  }

  if (stage.target) point(stage.target)
  return {
    move(target) {
      card.move(target)
      if (target) point(target)
    },
    close() {
      off?.()
      // What still moves would keep its element until it stands.
      for (const each of pointer.getAnimations({ subtree: true })) each.cancel()
      surface.close()
      card.close()
    },
  }
}

/** Keeps the pointer on the middle of its element: the browser, or else a tracker. */
function keepAt(stage: Stage, pointer: HTMLElement, target: Element): Dispose | undefined {
  const native = anchorsNatively() && target.ownerDocument === stage.document
  pointer.classList.toggle('native', native)
  if (native) return undefined
  pointer.style.inset = '0 auto auto 0'
  let off: Dispose | undefined
  let gone = false
  import('./track.ts').then(
    stage.guard(({ trackPoint }) => {
      if (!gone) off = trackPoint(stage, target, pointer, 'center', 'center')
    }),
    () => undefined,
  )
  return () => {
    gone = true
    off?.()
  }
}
