import type { Launcher } from '@handrail/wire'
import { make } from '../blocks.ts'
import { drawIcon } from '../icons.ts'
import type { Dispose, Stage } from '../stage.ts'
import { assist, mount, trap, watchSeen } from '../surface.ts'

/** What a launcher and a panel are given beside a stage. */
export interface PanelStage extends Stage {
  launcher: Launcher
  sheet: CSSStyleSheet
  title: string
  about: string
  side: 'top' | 'bottom'
  /** Where on its edge it stands, from 0 (start) to 1 (end); `move` keeps another place. */
  at(): number
  move(at: number): void
  /** How many launchers stand in its corner: the panel stands over all of them. */
  rows(): number
  toggle(): void
  close(): void
  seen(): void
}

export interface DrawnPanel {
  card: HTMLElement
  /** Where the kind puts what it shows. */
  inside: HTMLElement
  foot(...children: Element[]): void
  close: Dispose
}

const NARROW = '(max-width:559px)'

/** Draws an open panel, without its content. `focused`: the user opened it, so it takes the focus and gives it back. */
export function drawPanel(stage: PanelStage, focused: boolean): DrawnPanel {
  const surface = mount(stage, stage.sheet)
  const title = make(stage, 'h2', '', stage.title)
  title.id = 'title'
  const head = make(stage, 'div', 'head', title)
  if (stage.about) head.append(make(stage, 'p', '', stage.about))
  const cross = make(stage, 'button', 'cross', drawIcon(stage, 'M2 2l10 10M12 2 2 12'))
  cross.type = 'button'
  cross.setAttribute('aria-label', stage.word('close', 'Close'))
  const inside = make(stage, 'div', 'inside')
  const rows = stage.rows()
  const card = make(stage, 'div', `card panel ${stage.side}${rows ? '' : ' alone'}`, head, inside, cross)
  card.setAttribute('role', 'dialog')
  card.setAttribute('aria-labelledby', 'title')
  card.tabIndex = -1
  card.lang = stage.locale
  card.style.setProperty('--at', `${stage.at()}`)
  card.style.setProperty('--row', `${Math.max(0, rows - 1)}`)
  const close = stage.guard(() => stage.close())
  cross.addEventListener('click', close)
  card.addEventListener(
    'keydown',
    stage.guard((event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      event.preventDefault()
      stage.close()
    }),
  )
  let foot: HTMLElement | undefined
  const offs: Dispose[] = [() => surface.close()]
  const help = () => {
    offs.push(assist(stage, surface.root, card, focused))
  }
  // One that nobody asked for comes below what is modal.
  surface.raise(card, null, focused ? undefined : help)
  // A sheet over a phone's page leaves nothing to go to beside it.
  const modal = focused && matchMedia(NARROW).matches
  if (modal) card.ariaModal = 'true'
  if (focused) help()
  offs.push(watchSeen(stage, card, stage.seen))
  if (modal) offs.push(trap(stage, card))
  return {
    card,
    inside,
    foot(...children) {
      if (foot && markup(foot.children) === markup(children)) return
      foot?.remove()
      foot = undefined
      if (children.length) card.insertBefore((foot = make(stage, 'div', 'foot', ...children)), cross)
    },
    close() {
      for (const off of offs.reverse()) off()
    },
  }
}

const markup = (nodes: Iterable<Element>) => Array.from(nodes, (each) => each.outerHTML).join('')

/**
 * Draws anew what stands in an element, and leaves the focus on what had it, by `data-at`. What would look the same
 * stays: a press on it may have begun.
 */
export function redraw(inside: HTMLElement, ...children: Element[]): void {
  if (markup(inside.children) === markup(children)) return
  const root = inside.getRootNode() as ShadowRoot
  const at = (root.activeElement as HTMLElement | null)?.dataset['at']
  const top = inside.scrollTop
  inside.replaceChildren(...children)
  inside.scrollTop = top
  if (!at) return
  const again = [...inside.querySelectorAll<HTMLElement>('[data-at]')].find((each) => each.dataset['at'] === at)
  // What had the focus may be gone; the panel keeps it, so that the next Tab starts here.
  ;(again ?? inside.closest<HTMLElement>('.card'))?.focus({ preventScroll: true })
}

/** A button of ours. `at` names it for `redraw`. */
export function plainButton(stage: Stage, name: string, at: string, does: () => void, ...children: (Node | string)[]) {
  const button = make(stage, 'button', name, ...children)
  button.type = 'button'
  button.dataset['at'] = at
  button.addEventListener('click', stage.guard(does))
  return button
}
