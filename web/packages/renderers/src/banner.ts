import type { BannerContent } from '@handrail/wire'
import { drawBlocks, make } from './blocks.ts'
import type { Dispose, Drawn, StepStage } from './stage.ts'
import { sheetFor } from './style.ts'
import { assist, drawCross, mount, watchEscape, watchSeen } from './surface.ts'

const OWN = `
.card{width:fit-content;max-width:calc(100vw - 24px);inset-inline:12px;margin-inline:auto;padding:12px 20px;padding-inline:24px 56px;max-height:50dvh}
.card.top{inset-block-start:12px}
.card.bottom{inset-block-end:12px}
.card.inline{width:auto;max-width:none;inset-inline:0;border-radius:0;border-width:0 0 1px;box-shadow:none}
.card.inline.top{inset-block-start:0}
.card.inline.bottom{inset-block-end:0;border-width:1px 0 0}
.body{display:flex;flex-wrap:wrap;align-items:center;justify-content:center;gap:8px 16px}
.body>.buttons{margin:0;justify-content:center}
p{color:var(--text);text-align:center}
button{min-height:32px;padding-block:5px}
.cross{inset-block-start:50%;transform:translateY(-50%);min-height:32px;padding:0}
`

/** Draws a banner. An inline one makes the page move over by its own height, once, as a style on the root element. */
export function draw(stage: StepStage<BannerContent>): Drawn {
  const banner = stage.content
  const side = banner.position ?? 'top'
  const surface = mount(stage, sheetFor(stage.theme, OWN))
  const body = make(stage, 'div', 'body', ...drawBlocks(stage, banner.blocks))
  const card = make(stage, 'div', `card ${side} ${banner.layout ?? 'floating'}`, body)
  const cross = drawCross(stage)
  if (cross) card.append(cross)
  card.role = 'region'
  card.lang = stage.locale
  card.ariaLabel = body.querySelector('h2,p')?.textContent ?? 'Handrail'
  card.tabIndex = -1
  const offs: Dispose[] = [() => surface.close()]
  surface.raise(card, null, () => {
    offs.push(
      watchEscape(stage, surface.root, false),
      watchSeen(stage, card, stage.seen),
      assist(stage, surface.root, card, false),
      ...(banner.layout === 'inline' ? [reserve(stage.document, card, side)] : []),
    )
  })
  return {
    move() {
      // A banner points at nothing.
    },
    close() {
      for (const off of offs.reverse()) off()
    },
  }
}

/** Keeps the page clear of an inline banner, and gives back exactly what was there before. */
function reserve(page: Document, card: HTMLElement, side: 'top' | 'bottom'): Dispose {
  const root = page.documentElement
  const { style } = root
  const had = root.hasAttribute('style')
  const name = side === 'top' ? 'padding-top' : 'padding-bottom'
  const before = [style.getPropertyValue(name), style.getPropertyPriority(name)] as const
  const own = Number.parseFloat(getComputedStyle(root).getPropertyValue(name)) || 0
  const sizes = new ResizeObserver(() => style.setProperty(name, `${own + card.offsetHeight}px`))
  style.setProperty(name, `${own + card.offsetHeight}px`)
  sizes.observe(card)
  return () => {
    sizes.disconnect()
    style.removeProperty(name)
    if (before[0]) style.setProperty(name, before[0], before[1])
    // Chromium leaves an empty attribute behind where nobody read it since the style was changed.
    if (!had && !root.getAttribute('style')) root.removeAttribute('style')
  }
}
