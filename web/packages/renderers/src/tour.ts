import type { Step } from '@handrail/wire'
import { make } from './blocks.ts'
import { drawFoot, nameCard, parted, STANDING, stand } from './card.ts'
import type { Dispose, Drawn, Stage, StepStage } from './stage.ts'
import { sheetFor } from './style.ts'
import { anchorsNatively, assist, mount, type Surface, trap, watchEscape, watchSeen } from './surface.ts'

export { watchTarget as watch } from '@handrail/targets'

// What is animated and anchored has the whole page styled and laid out anew at every frame: a card at a target comes at once.
// Forced colours know no shadow, and make of a background their own that is as opaque: the shade is one there, as a modal's is.
const OWN = `${STANDING}
.anchored{animation:none;position-visibility:anchors-visible;position-try-fallbacks:flip-block,flip-inline,flip-block flip-inline,--mid}
@position-try --mid{position-area:none;inset:0;margin:auto;height:fit-content}
.anchored.top{position-area:top;margin-block:12px}
.anchored.bottom,.anchored.auto{position-area:bottom;margin-block:12px}
.anchored.start{position-area:inline-start;margin-inline:12px}
.anchored.end{position-area:inline-end;margin-inline:12px}
.ring{box-sizing:content-box;margin:-5px;padding:3px;border:2px solid var(--primary);border-radius:13px}
.ring:not(.block){pointer-events:none}
.lit{box-shadow:0 0 0 200vmax rgb(15 18 28/.5)}
.lit::after{content:"";position:absolute;inset:calc(-2px - 200vmax);pointer-events:auto;clip-path:polygon(evenodd,0 0,100% 0,100% 100%,0 100%,0 0,200vmax 200vmax,200vmax calc(100% - 200vmax),calc(100% - 200vmax) calc(100% - 200vmax),calc(100% - 200vmax) 200vmax,200vmax 200vmax)}
@media(forced-colors:active){.lit::after{background:rgb(15 18 28/.5)}}
.native{position-anchor:auto;position-visibility:anchors-visible;top:anchor(top);left:anchor(left);width:anchor-size(width);height:anchor-size(height)}
@media(max-width:559px){.anchored,.tracked.card,.corner{position-area:none!important;inset:auto 8px calc(8px + env(safe-area-inset-bottom)) 8px!important;width:auto;margin:0!important;transform:none!important}}
`

/** Draws one step of a tour. Where it stands follows from its form, its target and the room there is. */
export function draw(stage: StepStage<Step>): Drawn {
  const step = stage.content
  const form = step.form ?? 'tooltip'
  const modal = form === 'modal'
  const surface = mount(stage, sheetFor(stage.theme, OWN))
  const offs: Dispose[] = [() => surface.close()]
  const [blocks, buttons] = parted(stage, step.blocks ?? [])
  const body = make(stage, 'div', 'body', ...blocks)
  const card = make(stage, 'div', `card${modal ? ' modal' : ''}`, body)
  drawFoot(stage, card, buttons)
  nameCard(stage, card, body, step.name, modal)
  let target = stage.target
  let anchored: Dispose[] = []

  const place = () => {
    if (target) reveal(stage.document, target)
    for (const off of anchored) off()
    anchored =
      target && !/modal|snippet/.test(form)
        ? anchor(stage, step, surface, card, target)
        : stand(stage, surface, card, form, step.placement, step.backdrop)
    // On a phone the card is a sheet, which nobody looks under.
    if (target && matchMedia('(max-width:559px)').matches)
      reveal(stage.document, target, card.getBoundingClientRect().top)
  }
  place()
  if (modal) offs.push(trap(stage, card))
  offs.push(
    watchEscape(stage, surface.root, modal),
    watchSeen(stage, card, stage.seen),
    assist(stage, surface.root, card, modal || stage.entered),
  )

  return {
    card,
    move(next) {
      target = next
      place()
    },
    close() {
      for (const off of [...anchored, ...offs.reverse()]) off()
    },
  }
}

/** A step at its target: the browser keeps it there; where it cannot, a tracker that only wakes when something moves. */
function anchor(stage: Stage, step: Step, surface: Surface, card: HTMLElement, target: Element): Dispose[] {
  const native = anchorsNatively() && target.ownerDocument === stage.document
  const ring = make(stage, 'div')
  const { placement = '' } = step
  const place = /^(top|bottom|start|end)$/.test(placement) ? placement : 'auto'
  // A popover keeps the source it was shown with, so one that moves is shown anew.
  if (card.matches(':popover-open')) card.hidePopover()
  for (const each of [ring, card]) surface.raise(each, target)
  // Styled once all of it stands: what is anchored already has the whole page laid out at each that is raised.
  ring.className = `ring ${native ? 'native' : 'tracked'}${step.on_target === 'block' ? ' block' : ''}${step.backdrop ? ' lit' : ''}`
  card.className = `card ${native ? 'anchored' : 'tracked'} ${place}`
  let off: Dispose | undefined
  let gone = false
  if (!native) {
    card.style.visibility = 'hidden'
    import('./track.ts').then(
      stage.guard(({ track }) => {
        if (gone) return
        off = track(stage, target, card, ring, place)
      }),
      stage.guard(() => {
        card.style.visibility = ''
      }),
    )
  }
  return [
    () => {
      gone = true
      off?.()
    },
    () => ring.remove(),
  ]
}

/** Scrolls a target into view when it or a frame around it is out of it; never smoothly, so that nothing has to be waited for. */
function reveal(page: Document, target: Element, bottom = Number.POSITIVE_INFINITY): void {
  let at: Element | null | undefined = target
  while (at && !isOut(at, bottom)) at = at.ownerDocument === page ? null : at.ownerDocument.defaultView?.frameElement
  if (at) target.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' })
}

function isOut(element: Element, bottom: number): boolean {
  const box = element.getBoundingClientRect()
  const view = element.ownerDocument.documentElement
  return box.top < 0 || box.left < 0 || box.bottom > Math.min(view.clientHeight, bottom) || box.right > view.clientWidth
}
