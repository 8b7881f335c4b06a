import type { Launcher } from '@handrail/wire'
import { make } from '../blocks.ts'
import { drawIcon } from '../icons.ts'
import type { Dispose } from '../stage.ts'
import { mount, watchSeen } from '../surface.ts'
import type { PanelStage } from './panel.ts'

const ICONS: Record<NonNullable<Launcher['icon']>, string> = {
  question: 'M5 5.2a2 2 0 1 1 2.9 1.8C7.3 7.3 7 7.6 7 8.3M7 10.6v.1',
  check: 'M1.5 7.5 5 11l7.5-8',
  megaphone: 'M2 5.5v3h2l5 3v-9l-5 3H2m9.5 0q1 1.5 0 3',
  none: '',
}
const STEP = 0.05
/** Pixels that a pointer may move before a press becomes a drag. */
const SLACK = 5

export interface DrawnLauncher {
  button: HTMLButtonElement
  /** Says how much is open or unread, in figures and in words; 0 takes it away. */
  badge(count: number, words: string): void
  expanded(is: boolean): void
  /** How many launchers stand between it and the edge. */
  row(row: number): void
  close: Dispose
}

/** Draws the floating button. It is moved along its edge by pointer and by arrow keys, and says where it was left. */
export function drawLauncher(stage: PanelStage): DrawnLauncher {
  const { launcher } = stage
  const label = stage.text(launcher.label ?? '')
  const icon = ICONS[launcher.icon ?? 'question']
  const surface = mount(stage, stage.sheet)
  const button = make(stage, 'button')
  button.type = 'button'
  button.setAttribute('aria-haspopup', 'dialog')
  if (icon) button.append(drawIcon(stage, icon))
  button.append(make(stage, 'span', label ? 'label' : 'live', label || stage.title))
  if (!label) button.className = 'round'
  const words = make(stage, 'span', 'live')
  button.append(words)
  const box = make(stage, 'div', `launcher ${stage.side}`, button)
  box.lang = stage.locale
  const place = (at: number) => box.style.setProperty('--at', `${at}`)
  place(stage.at())
  box.style.setProperty('--row', '0')
  let badge: HTMLElement | undefined
  let moved = false
  button.addEventListener(
    'click',
    stage.guard(() => {
      if (!moved) stage.toggle()
    }),
  )
  if (launcher.draggable) drag()
  // Not in the top layer: steps and the page's own dialogs stand over it, whichever came first.
  box.popover = 'manual'
  box.dir = getComputedStyle(stage.document.documentElement).direction
  surface.root.append(box)
  // Where a transformed page carries along what is fixed, only the top layer keeps its place.
  if (isCarried(box)) surface.raise(box, null, () => undefined)
  const offs: Dispose[] = [watchSeen(stage, box, stage.seen), () => surface.close()]

  function move(at: number) {
    const kept = Math.min(1, Math.max(0, at))
    stage.move(kept)
    place(kept)
  }

  function drag() {
    box.classList.add('drags')
    const hint = make(stage, 'span', 'live', stage.word('move', 'The arrow keys move this button.'))
    hint.id = 'move'
    box.append(hint)
    button.setAttribute('aria-describedby', 'move')
    const turned = () => (box.dir === 'rtl' ? -1 : 1)
    let from: { x: number; at: number; room: number } | undefined
    const listen = <K extends keyof HTMLElementEventMap>(type: K, heard: (event: HTMLElementEventMap[K]) => void) =>
      box.addEventListener(type, stage.guard(heard))
    listen('keydown', (event) => {
      const steps: Record<string, number> = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -1, End: 1 }
      const step = steps[event.key]
      if (!step) return
      event.preventDefault()
      move(stage.at() + step * (Math.abs(step) < 1 ? turned() : 1))
    })
    listen('pointerdown', (event) => {
      moved = false
      if (event.button) return
      from = {
        x: event.clientX,
        at: stage.at(),
        room: stage.document.documentElement.clientWidth - 40 - box.offsetWidth,
      }
    })
    listen('pointermove', (event) => {
      if (!from) return
      const by = event.clientX - from.x
      if (!moved && Math.abs(by) < SLACK) return
      if (!moved) box.setPointerCapture(event.pointerId)
      moved = true
      box.classList.add('dragged')
      move(from.at + (turned() * by) / Math.max(1, from.room))
    })
    const drop = () => {
      from = undefined
      box.classList.remove('dragged')
      // The click that ends a drag comes after it.
      setTimeout(() => {
        moved = false
      })
    }
    listen('pointerup', drop)
    listen('pointercancel', drop)
  }

  return {
    button,
    badge(count, said) {
      badge?.remove()
      badge = undefined
      if (count && launcher.badge !== false) {
        badge = make(stage, 'span', 'badge', `${count}`)
        badge.setAttribute('aria-hidden', 'true')
        button.append(badge)
      }
      // What is seen begins what is said, so that who speaks to the page can name the button by what they see.
      words.textContent = count ? `, ${said}` : ''
    },
    expanded: (is) => button.setAttribute('aria-expanded', `${is}`),
    row: (row) => box.style.setProperty('--row', `${row}`),
    close() {
      for (const off of offs) off()
    },
  }
}

/** Whether what is fixed stands elsewhere than its style tells, or in another size: by more than a scrollbar makes out. */
function isCarried(box: HTMLElement): boolean {
  const { top, bottom, width } = box.getBoundingClientRect()
  const style = getComputedStyle(box)
  const off = Math.max(
    Math.abs(Number.parseFloat(style.top) - top),
    Math.abs(innerHeight - Number.parseFloat(style.bottom) - bottom),
  )
  return off > 20 || Math.abs(width - box.offsetWidth) > 1
}
