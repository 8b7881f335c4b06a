import { make } from './blocks.ts'
import { putOver } from './over.ts'
import type { Dispose } from './stage.ts'

const STYLE = `
[popover]{position:fixed;inset:auto auto 12px 50%;transform:translateX(-50%);margin:0;border:0;display:flex;gap:4px 12px;align-items:center;flex-wrap:wrap;max-width:calc(100vw - 24px);padding:6px 8px 6px 16px;border-radius:18px;background:#16181d;color:#fff;font:500 13px/1.4 system-ui,sans-serif;box-shadow:0 6px 24px rgb(15 18 28/.35)}
button{font:600 13px/20px system-ui,sans-serif;color:#fff;background:rgb(255 255 255/.16);border:0;border-radius:12px;padding:4px 12px;min-height:28px;cursor:pointer}
button:hover{background:rgb(255 255 255/.28)}
button:focus-visible{outline:2px solid #8c9bff;outline-offset:2px}
b{font-weight:650}
`

/** The mark of a preview, over everything that is shown in it: what is looked at, that nothing counts, and the way out. */
export function drawRibbon(
  page: Document,
  guard: <A extends unknown[]>(callback: (...args: A) => void) => (...args: A) => void,
  key: string,
  on: { again(): void; end(): void },
): Dispose {
  const stage = { document: page }
  const ribbon = make(stage, 'div')
  ribbon.setAttribute('role', 'region')
  ribbon.setAttribute('aria-label', 'Preview')
  const button = (label: string, click: () => void) => {
    const made = make(stage, 'button', '', label)
    made.addEventListener('click', guard(click))
    return made
  }
  ribbon.append(make(stage, 'span', '', 'Preview of ', make(stage, 'b', '', key), ': nothing here is counted.'))
  ribbon.append(button('Show again', on.again), button('End', on.end))
  return putOver(page, guard, STYLE, ribbon)
}
