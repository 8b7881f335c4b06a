import type { Button, Placement, Step } from '@handrail/wire'
import { drawBlocks, drawButton, make } from './blocks.ts'
import type { Dispose, Drawn, Stage, StepStage } from './stage.ts'
import { sheetFor } from './style.ts'
import { anchorsNatively, assist, drawCross, mount, type Surface, trap, watchEscape, watchSeen } from './surface.ts'

export { findTarget as find, watchTarget as watch } from '@handrail/targets'

const OWN = `
.anchored{position-visibility:anchors-visible;position-try-fallbacks:flip-block,flip-inline,flip-block flip-inline}
.anchored.top{position-area:top;margin-block:12px}
.anchored.bottom,.anchored.auto{position-area:bottom;margin-block:12px}
.anchored.start{position-area:inline-start;margin-inline:12px}
.anchored.end{position-area:inline-end;margin-inline:12px}
.modal,.center{inset:0;margin:auto;height:fit-content}
.modal{width:min(calc(var(--width) + 100px),100vw - 24px)}
.corner{inset-block-end:20px;inset-inline-end:20px}
.corner.top_end{inset-block:20px auto}
.corner.top_start{inset:20px auto auto auto;inset-inline-start:20px}
.corner.bottom_start{inset-inline:20px auto}
.corner.top{inset-block:20px auto;inset-inline:0;margin-inline:auto}
.corner.bottom{inset-inline:0;margin-inline:auto}
.shade{position:fixed;inset:0;width:auto;height:auto;background:rgb(15 18 28/.5)}
.ring{position:fixed;border-radius:8px;outline:2px solid var(--primary);outline-offset:3px;pointer-events:none}
.ring.block{pointer-events:auto}
.native{position-anchor:auto}
.native.ring{inset:auto;top:anchor(top);left:anchor(left);width:anchor-size(width);height:anchor-size(height);position-visibility:anchors-visible}
.native.shade.t{bottom:calc(anchor(top) + 5px)}
.native.shade.b{top:calc(anchor(bottom) + 5px)}
.native.shade.l{top:calc(anchor(top) - 5px);bottom:calc(anchor(bottom) - 5px);right:calc(anchor(left) + 5px)}
.native.shade.r{top:calc(anchor(top) - 5px);bottom:calc(anchor(bottom) - 5px);left:calc(anchor(right) + 5px)}
@media(max-width:559px){.anchored,.tracked.card,.corner{position-area:none;inset:auto 8px calc(8px + env(safe-area-inset-bottom)) 8px!important;width:auto;margin:0;transform:none!important}}
@media(prefers-reduced-motion:no-preference){.shade{animation:in .16s ease-out}}
`

/** Draws one step of a tour. Where it stands follows from its form, its target and the room there is. */
export function draw(stage: StepStage<Step>): Drawn {
  const step = stage.content
  const form = step.form ?? 'tooltip'
  const modal = form === 'modal'
  const surface = mount(stage, sheetFor(stage.theme, OWN))
  const before = stage.document.activeElement
  const offs: Dispose[] = [() => surface.close()]
  const card = drawCard(stage, step, modal)
  let target = stage.target
  let anchored: Dispose[] = []

  const point = () => {
    for (const off of anchored) off()
    anchored =
      target && form === 'tooltip' ? anchor(stage, step, surface, card, target) : stand(stage, step, surface, card)
  }
  if (target) reveal(target)
  point()
  if (modal) offs.push(trap(stage, card))
  offs.push(
    watchEscape(stage, surface.root, modal),
    watchSeen(stage, card, stage.seen),
    assist(stage, surface.root, card, modal),
  )
  if (target && step.on_target === 'advance') offs.push(onUse(stage, () => target))

  return {
    move(next) {
      target = next
      if (next) reveal(next)
      point()
    },
    close() {
      for (const off of [...anchored, ...offs.reverse()]) off()
      const active = stage.document.activeElement
      if (modal && before instanceof HTMLElement && before.isConnected && (!active || active === stage.document.body))
        before.focus({ preventScroll: true })
    },
  }
}

function drawCard(stage: StepStage<Step>, step: Step, modal: boolean): HTMLElement {
  const blocks = step.blocks ?? []
  // The last run of buttons goes to the foot, beside the progress, where people look for it.
  let from = blocks.length
  while (from > 0 && blocks[from - 1]?.type === 'button') from--
  const body = make(stage, 'div', 'body', ...drawBlocks(stage, blocks.slice(0, from)))
  const card = make(stage, 'div', `card${modal ? ' modal' : ''}`)
  const cross = drawCross(stage)
  if (cross) body.firstElementChild?.classList.add('top')
  card.append(body)
  const foot = make(stage, 'div', 'foot')
  if (stage.showProgress && stage.count > 1)
    foot.append(make(stage, 'span', 'progress', stage.word('progress', '# of #', stage.index + 1, stage.count)))
  const buttons = blocks.slice(from) as Button[]
  if (buttons.length) {
    const ordered = [...buttons].sort((one, other) => rank(one) - rank(other))
    foot.append(make(stage, 'div', 'buttons', ...ordered.map((button) => drawButton(stage, button))))
  }
  if (foot.firstChild) card.append(foot)
  if (cross) card.append(cross)
  card.setAttribute('role', 'dialog')
  card.tabIndex = -1
  card.lang = stage.locale
  const heading = body.querySelector('h2')
  const text = body.querySelector('p')
  if (heading) {
    heading.id = 'title'
    card.setAttribute('aria-labelledby', 'title')
  } else card.setAttribute('aria-label', step.name || (text?.textContent ?? 'Handrail'))
  if (text) {
    text.id = 'text'
    card.setAttribute('aria-describedby', 'text')
  }
  if (modal) card.setAttribute('aria-modal', 'true')
  return card
}

/** Secondary buttons first, so that the one that goes on stands at the end of the line. */
const rank = (button: Button) => (button.style === 'secondary' ? 0 : 1)

/** A step without a target: in the middle or in a corner, the page shaded behind a modal. */
function stand(stage: Stage, step: Step, surface: Surface, card: HTMLElement): Dispose[] {
  const shades: HTMLElement[] = []
  if (step.form === 'modal' || step.backdrop) {
    const shade = make(stage, 'div', 'shade')
    shades.push(shade)
    surface.raise(shade)
  }
  const place: Placement = step.placement ?? 'auto'
  if (step.form !== 'modal') card.classList.add(place === 'center' ? 'center' : 'corner', place)
  surface.raise(card)
  return shades.map((shade) => () => shade.remove())
}

/** A step at its target: the browser keeps it there; where it cannot, a tracker that only wakes when something moves. */
function anchor(stage: Stage, step: Step, surface: Surface, card: HTMLElement, target: Element): Dispose[] {
  const native = anchorsNatively() && target.ownerDocument === stage.document
  const how = native ? 'native' : 'tracked'
  const shades = step.backdrop ? ['t', 'b', 'l', 'r'].map((side) => make(stage, 'div', `shade ${how} ${side}`)) : []
  const ring = make(stage, 'div', `ring ${how}${step.on_target === 'block' ? ' block' : ''}`)
  const place = ['top', 'bottom', 'start', 'end'].includes(step.placement ?? '') ? (step.placement as string) : 'auto'
  card.classList.remove('corner', 'center')
  card.classList.toggle('anchored', native)
  card.classList.toggle('tracked', !native)
  card.classList.add(place)
  for (const each of [...shades, ring]) surface.raise(each, target)
  // A popover keeps the source it was shown with, so one that moves is shown anew.
  if (card.matches(':popover-open')) card.hidePopover()
  surface.raise(card, target)
  let off: Dispose | undefined
  let gone = false
  if (!native) {
    card.style.visibility = 'hidden'
    import('./track.ts').then(
      stage.guard(({ track }) => {
        if (gone) return
        off = track(stage, target, card, ring, shades, place)
        card.style.visibility = ''
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
    ...[...shades, ring].map((each) => () => each.remove()),
  ]
}

/** Scrolls a target into view when it is out of it; never smoothly, so that nothing has to be waited for. */
function reveal(target: Element): void {
  const box = target.getBoundingClientRect()
  const view = target.ownerDocument.documentElement
  if (box.top < 0 || box.left < 0 || box.bottom > view.clientHeight || box.right > view.clientWidth)
    target.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' })
}

/** The user uses the target: the step goes on. Heard before the page's own handlers may leave. */
function onUse(stage: Stage, target: () => Element | null): Dispose {
  const page = stage.document
  const listen = stage.guard((event: Event) => {
    const element = target()
    if (element && event.composedPath().includes(element)) stage.act([{ type: 'go_to_step', step: 'next' }], 'target')
  })
  page.addEventListener('click', listen, true)
  return () => page.removeEventListener('click', listen, true)
}
