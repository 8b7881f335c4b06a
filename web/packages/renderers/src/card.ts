/** What the cards of tours and surveys have in common: where they stand, what names them, where focus goes. */

import type { Block, Button, Placement } from '@handrail/wire'
import { drawBlocks, drawButton, make } from './blocks.ts'
import type { Dispose, Stage, StepStage } from './stage.ts'
import { drawCross, type Surface } from './surface.ts'

export const STANDING = `
.modal,.center{inset:0;margin:auto;height:fit-content}
.modal{width:min(var(--width) + 100px,100vw - 24px)}
.corner{inset-block-end:20px;inset-inline-end:20px}
.corner.top_end{inset-block:20px auto}
.corner.top_start{inset:20px auto auto auto;inset-inline-start:20px}
.corner.bottom_start{inset-inline:20px auto}
.corner.top{inset-block:20px auto;inset-inline:0;margin-inline:auto}
.corner.bottom{inset-inline:0;margin-inline:auto}
.shade{inset:0;width:auto;height:auto;background:rgb(15 18 28/.5)}
`

/** Blocks as elements, and the buttons at their end, which go to the foot, where people look for them. */
export function parted(stage: Stage, blocks: readonly Block[]): [(Node | string)[], HTMLButtonElement[]] {
  let from = blocks.length
  while (from > 0 && blocks[from - 1]?.type === 'button') from--
  // Secondary buttons first, so that the one that goes on stands at the end of the line.
  const buttons = (blocks.slice(from) as Button[]).sort((one, other) => rank(one) - rank(other))
  return [drawBlocks(stage, blocks.slice(0, from)), buttons.map((button) => drawButton(stage, button))]
}

const rank = (button: Button) => (button.style === 'secondary' ? 0 : 1)

/** Puts the progress and the buttons below the body, and the cross in its corner. */
export function drawFoot(
  stage: StepStage,
  card: HTMLElement,
  buttons: readonly HTMLElement[],
  count = stage.count,
): void {
  const foot = make(stage, 'div', 'foot')
  if (stage.showProgress && count > 1)
    foot.append(make(stage, 'span', 'progress', stage.word('progress', '# of #', stage.index + 1, count)))
  if (buttons.length) foot.append(make(stage, 'div', 'buttons', ...buttons))
  if (foot.firstChild) card.append(foot)
  const cross = drawCross(stage)
  if (cross) card.append(cross)
}

/** Makes a card a dialog, named by its first heading and described by its first paragraph. */
export function nameCard(
  stage: Stage,
  card: HTMLElement,
  body: HTMLElement,
  name: string | undefined,
  modal: boolean,
): void {
  card.role = 'dialog'
  card.tabIndex = -1
  card.lang = stage.locale
  const heading = body.querySelector('h2')
  const text = body.querySelector('p')
  if (heading) {
    heading.id = 'title'
    card.setAttribute('aria-labelledby', 'title')
  } else card.ariaLabel = name || (text?.textContent ?? 'Handrail')
  if (text) {
    text.id = 'text'
    card.setAttribute('aria-describedby', 'text')
  }
  if (modal) card.ariaModal = 'true'
}

/** A card without a target: in the middle or in a corner, the page shaded behind a modal. */
export function stand(
  stage: Stage,
  surface: Surface,
  card: HTMLElement,
  form: string,
  place: Placement = 'auto',
  backdrop = false,
): Dispose[] {
  const shades: HTMLElement[] = []
  if (form === 'modal' || backdrop) {
    const shade = make(stage, 'div', 'shade')
    shades.push(shade)
    surface.raise(shade)
  }
  if (form !== 'modal') card.classList.add(place === 'center' ? 'center' : 'corner', place)
  surface.raise(card)
  return shades.map((shade) => () => shade.remove())
}
