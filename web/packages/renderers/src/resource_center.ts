import type { ActionCard } from '@handrail/wire'
import { make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import { type DrawnPanel, type PanelStage, plainButton, redraw } from './panel/panel.ts'
import type { Stage } from './stage.ts'

export { drawLauncher } from './panel/launcher.ts'
export { drawPanel } from './panel/panel.ts'
export { panelSheet } from './panel/style.ts'

/** What a resource center adds to the sheet of its panel. */
export const OWN = `
.inside{gap:8px;min-height:min(280px,40dvh)}
.inside>h3{margin:10px 0 2px;font:650 13px/1.4 var(--font);color:var(--muted)}
.inside>h3:first-child{margin-block-start:0}
button.block,a.block{display:flex;gap:12px;align-items:center;width:100%;min-height:52px;padding:12px 14px;background:none;color:var(--text);border:1px solid var(--border);border-radius:var(--radius);font-weight:400;text-align:start;text-decoration:none}
button.block:hover,a.block:hover,.hit[aria-selected=true]{filter:none;background:color-mix(in srgb,var(--primary) 8%,transparent);border-color:color-mix(in srgb,var(--primary) 45%,transparent)}
.block>svg{width:20px;height:20px;color:var(--primary);flex:none}
.words{display:grid;gap:2px;flex:1;min-width:0;overflow-wrap:anywhere}
.words b{font-weight:600}
.words span{color:var(--muted);font-size:13.5px;line-height:1.45}
.new{width:8px;height:8px;border-radius:50%;background:var(--primary);flex:none}
a.block{min-height:44px;padding-block:9px;border-color:transparent;margin-block:-3px;color:var(--primary);font-weight:500}
.search{position:relative;padding:0 20px 14px;flex:none}
.search svg{position:absolute;inset-block-start:14px;inset-inline-start:34px;width:16px;height:16px;color:var(--muted);pointer-events:none}
.search input{width:100%;min-height:44px;padding:8px 14px;padding-inline-start:40px;font:400 15px/1.5 var(--font);color:var(--text);background:var(--surface);border:1px solid color-mix(in srgb,var(--muted) 75%,transparent);border-radius:var(--radius)}
.search input::placeholder{color:var(--muted);opacity:1}
::-webkit-search-cancel-button{filter:grayscale(1)}
.none{padding:32px 0;text-align:center}
.hits{display:grid;gap:4px}
.hit{padding:10px 14px;border:1px solid transparent;border-radius:var(--radius);cursor:pointer;color:var(--text);min-height:44px}
.inside>.plain{justify-self:start}
@media(forced-colors:active){.hit[aria-selected=true]{outline:2px solid Highlight}.new{border:4px solid}}
`

const ICONS: Record<NonNullable<ActionCard['icon']>, string> = {
  none: '',
  book: 'M7 3.5C5.5 2.3 3.5 2 1.5 2v9c2 0 4 .3 5.5 1.5M7 3.5C8.5 2.3 10.5 2 12.5 2v9c-2 0-4 .3-5.5 1.5V3.5',
  play: 'M4 2.5v9l7.5-4.5z',
  chat: 'M2 2.5h10v7H6l-3 2.5V9.5H2z',
  star: 'M7 1.5 8.7 5l3.8.6-2.8 2.6.7 3.8L7 10.2 3.6 12l.7-3.8L1.5 5.6 5.3 5z',
  link: 'M6 8a2.5 2.5 0 0 0 3.5 0l2-2A2.5 2.5 0 0 0 8 2.5L7 3.5M8 6a2.5 2.5 0 0 0-3.5 0l-2 2A2.5 2.5 0 0 0 6 11.5l1-1',
  bell: 'M3 10h8c-1-1-1-2-1-4a3 3 0 0 0-6 0c0 2 0 3-1 4m3 2h2',
}

const LENS = 'M6.2 2a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4m3 7.2 3 3'

/** A line of the panel, ready to draw. `press` does what a click on it means. */
export type CenterLine =
  | { type: 'heading'; text: string }
  | {
      type: 'block'
      at: string
      title: string
      text: string
      icon: NonNullable<ActionCard['icon']>
      isNew?: boolean
      press(): void
    }
  | { type: 'link'; at: string; title: string; href: string; newTab: boolean; press(event: MouseEvent): void }
  | { type: 'words'; text: string }
  | { type: 'more'; at: string; press(): void }

/** What a search found. */
export interface Hit {
  title: string
  text: string
  press(): void
}

export interface CenterStage extends PanelStage {
  lines: readonly CenterLine[]
  /** What stands in the search field before anything is typed; undefined has none. */
  search: string | undefined
  hits(sought: string): readonly Hit[]
}

/** Draws the panel's lines, or what a search found among them. */
export function drawCenter(panel: DrawnPanel, stage: CenterStage): void {
  const field = stage.search === undefined ? undefined : searchField(panel, stage)
  if (field?.value.trim()) drawHits(panel, stage, field)
  else {
    field?.setAttribute('aria-expanded', 'false')
    redraw(panel.inside, ...stage.lines.map((line) => drawLine(stage, line)))
  }
}

function drawLine(stage: Stage, line: CenterLine): HTMLElement {
  switch (line.type) {
    case 'heading':
      return make(stage, 'h3', '', line.text)
    case 'words':
      return make(stage, 'p', '', line.text)
    case 'more':
      return plainButton(stage, 'plain', line.at, line.press, stage.word('more', 'Show more'))
    case 'link': {
      const link = make(stage, 'a', 'block', line.title)
      link.href = line.href
      link.dataset['at'] = line.at
      if (line.newTab) {
        link.target = '_blank'
        link.rel = 'noopener'
        link.append(drawIcon(stage, 'M5.5 3H3v8h8V8.5M8 2.5h3.5V6M11 3 6.5 7.5'))
        link.append(make(stage, 'span', 'live', stage.word('opens_tab', 'opens in a new tab')))
      }
      link.addEventListener('click', stage.guard(line.press))
      return link
    }
    default: {
      const words = make(stage, 'span', 'words', make(stage, 'b', '', line.title))
      if (line.text) words.append(make(stage, 'span', '', line.text))
      const button = plainButton(stage, 'block', line.at, line.press)
      if (ICONS[line.icon]) button.append(drawIcon(stage, ICONS[line.icon]))
      button.append(words)
      if (line.isNew) button.append(make(stage, 'span', 'new'), make(stage, 'span', 'live', stage.word('new', 'new')))
      return button
    }
  }
}

/** The field stands above what scrolls, and is made once. Arrow keys choose, Enter opens, Esc empties it first. */
function searchField(panel: DrawnPanel, stage: CenterStage): HTMLInputElement {
  const there = panel.card.querySelector<HTMLInputElement>('.search input')
  if (there) return there
  const field = make(stage, 'input')
  field.type = 'search'
  field.placeholder = stage.search as string
  field.autocomplete = 'off'
  for (const [name, value] of [
    ['role', 'combobox'],
    ['aria-label', stage.search as string],
    ['aria-autocomplete', 'list'],
    ['aria-controls', 'hits'],
    ['aria-expanded', 'false'],
  ] as const)
    field.setAttribute(name, value)
  const count = make(stage, 'span', 'live')
  count.setAttribute('role', 'status')
  panel.inside.before(make(stage, 'div', 'search', field, drawIcon(stage, LENS), count))
  field.addEventListener(
    'input',
    stage.guard(() => drawCenter(panel, stage)),
  )
  field.addEventListener(
    'keydown',
    stage.guard((event) => {
      if (!field.value.trim()) return
      const options = [...panel.inside.querySelectorAll<HTMLElement>('.hit')]
      const at = options.findIndex((each) => each.ariaSelected === 'true')
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        const step = event.key === 'ArrowDown' ? 1 : -1
        choose(field, options, (at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length)
      } else if (event.key === 'Enter') options[Math.max(0, at)]?.click()
      else if (event.key === 'Escape') {
        field.value = ''
        drawCenter(panel, stage)
      } else return
      event.preventDefault()
    }),
  )
  return field
}

function drawHits(panel: DrawnPanel, stage: CenterStage, field: HTMLInputElement) {
  const hits = stage.hits(field.value)
  const options = hits.map((hit, number) => {
    const option = make(stage, 'div', 'hit', make(stage, 'div', 'words', make(stage, 'b', '', hit.title)))
    if (hit.text) option.firstElementChild?.append(make(stage, 'span', '', hit.text))
    option.id = `hit${number}`
    option.setAttribute('role', 'option')
    option.ariaSelected = 'false'
    option.addEventListener('click', stage.guard(hit.press))
    // The caret stays in the field.
    option.addEventListener('pointerdown', (event) => event.preventDefault())
    return option
  })
  const list = make(stage, 'div', 'hits', ...options)
  list.id = 'hits'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', field.placeholder)
  const none = stage.word('no_results', 'Nothing found.')
  redraw(panel.inside, ...(hits.length ? [list] : [make(stage, 'p', 'none', none)]))
  const said = panel.card.querySelector('.search .live')
  if (said) said.textContent = hits.length ? stage.word('results', '# found', hits.length) : none
  field.setAttribute('aria-expanded', `${hits.length > 0}`)
  choose(field, options, hits.length ? 0 : -1)
}

function choose(field: HTMLInputElement, options: readonly HTMLElement[], chosen: number) {
  options.forEach((each, at) => {
    each.ariaSelected = `${at === chosen}`
  })
  const option = options[chosen]
  if (option) {
    field.setAttribute('aria-activedescendant', option.id)
    option.scrollIntoView({ block: 'nearest' })
  } else field.removeAttribute('aria-activedescendant')
}
