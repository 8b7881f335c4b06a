import { make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import type { Dispose, Stage } from './stage.ts'
import { sheetFor } from './style.ts'
import { mount } from './surface.ts'

const OWN = `
.card{inset:12px auto auto 50%;translate:-50%;width:fit-content;max-width:min(440px,100vw - 24px);padding-block:12px;padding-inline:16px 52px}
a{font-weight:600;overflow-wrap:anywhere}
.cross{inset-block-start:8px;inset-inline-end:10px}
`

/** A link at the top of the page, where a new tab was wanted and only a click may open one. `closed`: it is gone. */
export function drawLink(stage: Stage, address: string, closed: () => void): Dispose {
  const surface = mount(stage, sheetFor(stage.theme, OWN))
  const link = make(stage, 'a', '', stage.word('new_tab', 'Open in a new tab'))
  link.href = address
  link.target = '_blank'
  link.rel = 'noopener'
  const cross = make(stage, 'button', 'cross', drawIcon(stage, 'M2 2l10 10M12 2 2 12'))
  cross.type = 'button'
  cross.ariaLabel = stage.word('close', 'Close')
  const card = make(stage, 'div', 'card')
  card.role = 'status'
  card.lang = stage.locale
  const close = () => {
    surface.close()
    closed()
  }
  for (const each of [link, cross]) each.addEventListener('click', stage.guard(close))
  surface.raise(card)
  // Said by screen readers, because it comes into what is there already.
  card.append(make(stage, 'p', '', link), make(stage, 'p', '', new URL(address, stage.document.baseURI).host), cross)
  return close
}
