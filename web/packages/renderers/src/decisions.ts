import type { BootReply } from '@handrail/wire'
import { make } from './blocks.ts'
import { putOver } from './over.ts'
import type { Dispose } from './stage.ts'

const STYLE = `
[popover]{position:fixed;inset:auto auto 12px 12px;margin:0;border:1px solid #363b48;width:min(420px,100vw - 24px);max-height:min(60vh,520px);overflow:auto;overscroll-behavior:contain;padding:0 0 8px;border-radius:10px;background:#1d2028;color:#eceef3;font:400 13px/1.45 system-ui,sans-serif;box-shadow:0 12px 32px rgb(15 18 28/.4)}
header{position:sticky;top:0;display:flex;gap:8px;align-items:center;padding:10px 12px;background:#1d2028;border-bottom:1px solid #363b48}
h2{margin:0;font-size:13px;font-weight:650;flex:1}
button{font:600 12px/18px system-ui,sans-serif;color:#eceef3;background:#363b48;border:0;border-radius:6px;padding:3px 10px;min-height:24px;cursor:pointer}
button:focus-visible{outline:2px solid #8c9bff;outline-offset:2px}
dl{margin:0;padding:8px 12px;display:grid;grid-template-columns:auto 1fr;gap:2px 12px}
dt{color:#a8afbf}dd{margin:0;overflow-wrap:anywhere}
details{padding:0 12px 8px;overflow-wrap:anywhere}
summary{color:#a8afbf;min-height:24px;cursor:pointer}
summary:focus-visible{outline:2px solid #8c9bff;outline-offset:2px}
ul{list-style:none;margin:0;padding:0 12px;display:grid;gap:6px}
li{display:grid;grid-template-columns:14px 1fr;gap:8px;align-items:baseline}
.yes{color:#7ddba3}.no{color:#ffb4a8}
small{color:#a8afbf;font-size:12px;display:block}
`

const WHY: Record<string, string> = {
  not_found: 'not published here, or not for this user',
  not_started: 'its start date is still to come',
  ended: 'its end date has passed',
  where: 'not on this page or device',
  residual: 'a condition about the page or the browser does not hold',
  snoozed: 'snoozed until later',
  frequency_once: 'seen already, and it shows once',
  frequency_days: 'seen lately, and it shows again in some days',
  frequency_load: 'shown already since this page was loaded',
  rate_limit: "the project's rate limit holds it back",
  claimed: "it shows strictly once, and another of the user's browsers has claimed it",
  unclaimed: 'it shows strictly once, and the server did not say in time that it may',
  slot_taken: 'another experience is on screen',
  outranked: 'another experience goes first',
  self_launch: 'an experience cannot launch itself',
  chain_limit: 'too many launches in a row',
  offline: "the server did not answer, or the page's content security policy refused it",
  held: 'the page asked for quiet',
  delayed: 'it waits some seconds',
  failed: 'it could not be drawn',
}

interface Decided {
  at: number
  key: string
  entry: string
  shown: boolean
  because?: string | undefined
}

/** A panel that says of every experience why it was shown or not, newest first. For the people who build the page. */
export function drawPanel(
  page: Document,
  guard: <A extends unknown[]>(callback: (...args: A) => void) => (...args: A) => void,
  runtime: { decisions(): readonly Decided[]; showing(): string[] },
  reply: () => BootReply | undefined,
  hear: (event: string, listener: (detail: unknown) => void) => void,
): Dispose {
  const stage = { document: page }
  const panel = make(stage, 'div')
  panel.setAttribute('role', 'region')
  panel.setAttribute('aria-label', 'Handrail: why shown, why not')
  panel.tabIndex = 0
  const facts = make(stage, 'dl')
  /** All that may show is a long list, which few look for: it stays folded as it was left. */
  const summary = make(stage, 'summary')
  const live = make(stage, 'div')
  const candidates = make(stage, 'details', '', summary, live)
  const list = make(stage, 'ul')
  const close = make(stage, 'button', '', 'Close')
  const off = () => {
    stopped = true
    page.removeEventListener('securitypolicyviolation', refused)
    away()
  }
  let stopped = false
  /** What the page's policy refused since the panel came, by the directive that lacks it. */
  const lacks = new Set<string>()
  const refused = guard((event: SecurityPolicyViolationEvent) => {
    lacks.add(`${event.effectiveDirective} refuses ${event.blockedURI}`)
    draw()
  })
  page.addEventListener('securitypolicyviolation', refused)
  close.addEventListener('click', guard(off))
  panel.append(make(stage, 'header', '', make(stage, 'h2', '', 'Why shown, why not'), close), facts, candidates, list)
  const away = putOver(page, guard, STYLE, panel)

  const draw = guard(() => {
    if (stopped) return
    const told = reply()
    const said: [string, string][] = [...lacks].map((each) => ["Page's policy", each])
    if (told)
      said.push(
        ['User', told.userId ?? `anonymous ${told.anonymousId ?? ''}`],
        ['Environment', `${told.environment}, revision ${told.revision}`],
        ['On screen', runtime.showing().join(', ') || 'nothing'],
      )
    else said.push(['Server', 'has not answered yet'])
    const keys = (told?.candidates ?? []).map((each) => each.key)
    summary.textContent = `Live for this user: ${keys.length}`
    live.textContent = keys.sort().join(', ')
    facts.replaceChildren(...said.flatMap(([term, text]) => [make(stage, 'dt', '', term), make(stage, 'dd', '', text)]))
    list.replaceChildren(
      ...[...runtime.decisions()].reverse().map((each) => {
        const mark = make(stage, 'span', each.shown ? 'yes' : 'no', each.shown ? '✓' : '✗')
        const why = each.shown ? 'shown' : (WHY[each.because ?? ''] ?? each.because ?? '')
        const when = new Date(each.at).toLocaleTimeString()
        const text = make(stage, 'div', '', make(stage, 'b', '', each.key), `: ${why}`)
        text.append(make(stage, 'small', '', `${each.entry.replaceAll('_', ' ')}, ${when}`))
        return make(stage, 'li', '', mark, text)
      }),
    )
  })
  for (const event of ['ready', 'decision', 'experience:seen', 'experience:ended']) hear(event, draw)
  draw()
  return off
}
