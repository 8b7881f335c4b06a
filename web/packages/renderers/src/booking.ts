import { make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import type { Dispose, Stage } from './stage.ts'
import { sheetFor } from './style.ts'
import { mount, trap } from './surface.ts'

const OWN = `
.card{inset:0;margin:auto;display:grid;grid-template-rows:auto 1fr auto;gap:12px;width:min(760px,100vw - 24px);height:min(760px,100dvh - 24px)}
.shade{inset:0;width:auto;height:auto;background:rgb(15 18 28/.5)}
h2{padding-inline-end:36px}
iframe{width:100%;height:100%;border:0;border-radius:calc(var(--radius) - 4px);background:#fff;color-scheme:light}
.card.refused{height:fit-content;grid-template-rows:auto}
.refused iframe{display:none}
@media(max-width:559px){.card{inset:auto 0 0;width:auto;height:calc(100dvh - 24px);margin:0;border-radius:var(--radius) var(--radius) 0 0}}
`

/** How each provider wants its page asked for inside a frame. */
const EMBED: Record<string, (host: string) => string> = {
  calendly: (host) => `embed_type=Inline&embed_domain=${encodeURIComponent(host)}`,
  google_calendar: () => 'gv=true',
  zcal: () => 'embed=1&embedType=iframe',
}

/**
 * Opens the calendar's page in a frame over the page. Called inside a click: where the host's policy refuses the frame,
 * a new tab is opened while the click still counts, and the link stays for where even that is blocked. A provider that
 * refuses to be framed cannot be told from one that does not, so the link is always there.
 */
export function openBooking(stage: Stage, provider: string, address: string, blocked: () => void): Dispose {
  const page = stage.document
  const surface = mount(stage, sheetFor(stage.theme, OWN))
  const title = make(stage, 'h2', '', stage.word('booking', 'Book a time'))
  title.id = 'title'
  const frame = make(stage, 'iframe')
  const url = new URL(address)
  url.search += `${url.search ? '&' : '?'}${EMBED[provider]?.(page.location.host) ?? ''}`
  frame.title = title.textContent
  frame.setAttribute(
    'sandbox',
    'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox',
  )
  frame.referrerPolicy = 'strict-origin-when-cross-origin'
  const link = make(stage, 'a', '', stage.word('new_tab', 'Open in a new tab'))
  link.href = address
  link.target = '_blank'
  link.rel = 'noopener'
  const cross = make(stage, 'button', 'cross', drawIcon(stage, 'M2 2l10 10M12 2 2 12'))
  cross.type = 'button'
  cross.ariaLabel = stage.word('close', 'Close')
  const card = make(stage, 'div', 'card', title, frame, link, cross)
  card.role = 'dialog'
  card.ariaModal = 'true'
  card.tabIndex = -1
  card.lang = stage.locale
  card.setAttribute('aria-labelledby', 'title')
  const origin = page.activeElement
  const refused = stage.guard((event: SecurityPolicyViolationEvent) => {
    if (
      !/^(frame|child|default)-src/.test(event.effectiveDirective) ||
      !address.startsWith(new URL(event.blockedURI, address).origin)
    )
      return
    page.removeEventListener('securitypolicyviolation', refused)
    card.classList.add('refused')
    frame.remove()
    blocked()
    page.defaultView?.open(address, '_blank', 'noopener')
  })
  const leave = stage.guard((event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    event.stopImmediatePropagation()
    close()
  })
  let off: Dispose = () => undefined
  const close = () => {
    off()
    page.removeEventListener('securitypolicyviolation', refused)
    page.removeEventListener('keydown', leave, true)
    surface.close()
    if (origin instanceof HTMLElement) origin.focus({ preventScroll: true })
  }
  cross.addEventListener('click', stage.guard(close))
  page.addEventListener('securitypolicyviolation', refused)
  page.addEventListener('keydown', leave, true)
  surface.raise(make(stage, 'div', 'shade'))
  surface.raise(card)
  frame.src = url.href
  off = trap(stage, card)
  return close
}
