import type { HintMark, Step } from '@handrail/wire'
import { make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import type { Dispose, Drawn, Stage, StepStage } from './stage.ts'
import { sheetFor } from './style.ts'
import { anchorsNatively, assist, mount, type Surface, watchSeen } from './surface.ts'

const ICONS = {
  dot: '',
  question: 'M5 5.2a2 2 0 1 1 2.9 1.8C7.3 7.3 7 7.6 7 8.3M7 10.6v.1',
  info: 'M7 6.3v4.2M7 3.6v.1',
  star: 'M7 1.8l1.6 3.4 3.6.4-2.7 2.5.8 3.7L7 10 3.7 11.8l.8-3.7L1.8 5.6l3.6-.4z',
}

/** The pulse stops after five seconds: what moves longer needs a way to be stopped, and costs the battery. */
const OWN = `
.mark{position:fixed;position-visibility:anchors-visible;translate:-50% -50%;place-items:center;width:max-content;max-width:calc(100vw - 16px);min-width:24px;min-height:24px;padding:0;background:none;border-radius:12px}
.mark:popover-open{display:grid}
.mark.native{position-anchor:auto}
.face{position:relative;display:grid;place-items:center;min-width:24px;min-height:24px;border-radius:12px;background:var(--primary);color:var(--on-primary);box-shadow:0 0 0 2px var(--surface),0 1px 4px 2px rgb(15 18 28/.25)}
.dot .face{min-width:14px;min-height:14px}
.label .face{padding:0 9px;font:600 12px/24px var(--font);overflow-wrap:anywhere}
.target:not(:focus-visible){opacity:0;pointer-events:none}
.face::after{content:"";position:absolute;inset:0;border-radius:inherit;box-shadow:0 0 0 2px var(--primary);opacity:0;pointer-events:none}
@media(pointer:coarse){.mark{min-width:44px;min-height:44px}}
@media(forced-colors:active){.face{forced-color-adjust:none;background:ButtonText;color:ButtonFace;border:1px solid ButtonFace}}
@media(prefers-reduced-motion:no-preference){.pulse .face::after{animation:pulse 1.6s ease-out .4s 3}@keyframes pulse{from{opacity:.8}to{opacity:0;transform:scale(2.2)}}.label .face::after{--s:1.3}}
`

export { watchSeen }

export type Look = Pick<HintMark, 'mark' | 'icon' | 'side' | 'pulse'> & {
  /** What is seen of a label, and said of every mark. */
  label: string
  /** It opens a card, rather than doing something at once. */
  opens: boolean
}

export interface DrawnMark {
  button: HTMLButtonElement
  /** Points it at the element that the page made anew. */
  move(target: Element): void
  expanded(is: boolean): void
  close: Dispose
}

/** The place of the marks of one experience. */
export const mountMarks = (stage: Stage): Surface => mount(stage, sheetFor(stage.theme, OWN))

/** Draws a mark on the edge or corner of an element: a button that comes after the element in the order of Tab. */
export function drawMark(stage: Stage, surface: Surface, target: Element, look: Look, press: () => void): DrawnMark {
  const { mark = 'icon', icon = 'dot', side = 'top_end' } = look
  const isLabel = mark !== 'icon'
  const path = isLabel ? '' : ICONS[icon]
  const face = make(stage, 'span', 'face', ...(path ? [drawIcon(stage, path)] : isLabel ? [look.label] : []))
  const button = make(stage, 'button', `mark ${mark} ${isLabel ? 'label' : icon}${look.pulse ? ' pulse' : ''}`, face)
  if (!isLabel) button.append(make(stage, 'span', 'live', look.label))
  button.type = 'button'
  button.lang = stage.locale
  if (look.opens) {
    button.setAttribute('aria-haspopup', 'dialog')
    button.ariaExpanded = 'false'
  }
  button.addEventListener('click', stage.guard(press))
  let off: Dispose | undefined

  function move(element: Element) {
    off?.()
    off = undefined
    if (button.matches(':popover-open')) button.hidePopover()
    surface.raise(button, element, () => undefined)
    off = place(stage, button, element, side, isLabel)
  }
  move(target)

  return {
    button,
    move,
    expanded(is) {
      button.ariaExpanded = `${is}`
      if (is) button.classList.remove('pulse')
    },
    close() {
      off?.()
      button.remove()
    },
  }
}

/** Puts an element on a point of another: the browser keeps it there, or else a tracker. */
function place(
  stage: Stage,
  element: HTMLElement,
  target: Element,
  side: string,
  isLabel: boolean,
): Dispose | undefined {
  const [vertical, horizontal = vertical] = side.split('_')
  const start = element.dir === 'rtl' ? 'right' : 'left'
  const x = horizontal === 'start' ? start : horizontal === 'end' ? (start === 'left' ? 'right' : 'left') : 'center'
  const y = vertical === 'top' || vertical === 'bottom' ? vertical : 'center'
  const { style } = element
  // A label stands beside the middle of an edge, and inside the width of its element at a corner.
  if (isLabel && x !== 'center') {
    const outside = y === 'center'
    style.translate = `${(x === 'right') === outside ? '0' : '-100%'} -50%`
    style.marginInline = outside ? '8px' : '-8px'
  }
  const native = anchorsNatively() && target.ownerDocument === stage.document
  element.classList.toggle('native', native)
  if (native) {
    style.left = `clamp(14px,anchor(${x}),100vw - 14px)`
    style.top = `anchor(${y})`
    return undefined
  }
  style.inset = '0 auto auto 0'
  style.visibility = 'hidden'
  let off: Dispose | undefined
  let gone = false
  const show = stage.guard(() => {
    style.visibility = ''
  })
  import('./track.ts').then(({ trackPoint }) => {
    if (gone) return
    off = trackPoint(stage, target, element, x, y)
  }, show)
  return () => {
    gone = true
    off?.()
  }
}

/** Draws a step that waits behind a mark: its card opens when the mark is pressed, and closes when it is again. */
export function drawBadge(stage: StepStage<Step>, drawCard: (stage: StepStage<Step>) => Drawn): Drawn {
  let target = stage.target as Element
  let card: Drawn | undefined
  const heading = stage.content.blocks?.find((block) => block.type === 'heading')
  const label = stage.content.name || (heading ? stage.text(heading.text) : stage.word('hint', 'Hint'))
  const surface = mountMarks(stage)
  const mark = drawMark(stage, surface, target, { label, pulse: true, opens: true }, toggle)

  function toggle() {
    // Said first: it is styled and laid out together with what is drawn.
    mark.expanded(!card)
    if (card) shut()
    else card = drawCard({ ...stage, target, entered: true, seen: () => undefined })
  }
  function shut() {
    card?.close()
    card = undefined
  }
  const offs = [
    watchSeen(stage, mark.button, stage.seen),
    assist(stage, surface.root, mark.button, false),
    mark.close,
    () => surface.close(),
  ]
  return {
    move(next) {
      if (!next) return
      target = next
      mark.move(next)
      card?.move(next)
    },
    close() {
      shut()
      for (const off of offs) off()
    },
  }
}
