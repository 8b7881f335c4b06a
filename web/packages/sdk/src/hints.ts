import type { EndReason, Run } from '@handrail/engine'
import type { Drawn, DrawnMark, Look, Stage, StepStage, Surface } from '@handrail/renderers'
import type { Found, Words } from '@handrail/targets'
import type { HintContent, HintMark, Step, Target } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import type { Asked, Play } from './play.ts'
import { createScene } from './scene.ts'
import { settle, stateOf } from './settled.ts'

/** How marks and their cards are drawn, and their elements found. */
export interface HintParts {
  mountMarks(stage: Stage): Surface
  drawMark(stage: Stage, surface: Surface, target: Element, look: Look, press: () => void): DrawnMark
  watchSeen(stage: Stage, element: Element, seen: () => void): Dispose
  draw(stage: StepStage<Step>): Drawn
  watch(root: Document, target: Target, words: Words, report: (found: Found) => void): Dispose
}

interface Shown {
  mark: DrawnMark
  target: Element
  /** Waits for an element that the page makes anew, so that its mark does not blink. */
  timer: number
  off: Dispose
}

interface Kept {
  run: string
  version: string
  /** Whose run it is: whoever comes after them begins one of their own. */
  who: string
  seen?: boolean
}

const GRACE = 500

/** Plays hints: marks at their elements, in no order. Who is not there is not shown, and watched for. */
export function playHints(asked: Asked, parts: HintParts): Play {
  const { ports, content } = asked
  const { view, guard, journal, ledger, now } = ports
  const page = view.document
  let { candidate } = asked
  const { hints } = content.content as HintContent
  const name = `marks:${candidate.key}`
  const before = journal.get<Kept>(name)
  const mine = { version: candidate.version, who: ports.who() }
  const isMine = before?.version === mine.version && before.who === mine.who
  const kept: Kept = isMine ? before : { run: ports.newId(), ...mine }
  const marks = new Map<string, Shown>()
  /** The page and the frames that marks are in: no click comes out of a frame. */
  const pages = new Set<Document>()
  const offs: Dispose[] = []
  let surface: Surface | undefined
  let open: { key: string; card: Drawn; back: HTMLElement | null } | undefined
  let acting = candidate.key
  let over = false

  const scene = createScene(
    { ...asked, from: kept.seen ? ({} as Run) : undefined },
    { id: kept.run },
    {
      step: () => acting,
      isLast: () => false,
      goTo: () => undefined,
      finish,
      close: () => shut(false),
    },
  )
  const opened = () => stateOf(ports, candidate).done ?? {}

  function press(hint: HintMark) {
    if (over) return
    if (open?.key === hint.key) return shut(true)
    shut(false)
    note(hint)
    acting = hint.key
    if (hint.blocks?.length) openCard(hint)
    else scene.act(hint.actions ?? [], 'hint', hint.key)
  }

  /** The first time that each of them was opened counts; with the last one the hint is completed, and stays for now. */
  function note(hint: HintMark) {
    const at = now()
    settle(ports, candidate.key, { done: { [hint.key]: at } })
    scene.seen(false)
    keepSeen()
    scene.tell('step_seen', { step: hint.key, step_index: hints.indexOf(hint) })
    marks.get(hint.key)?.mark.button.classList.remove('pulse')
    if (scene.state().completed || hints.some((each) => !opened()[each.key])) return
    ledger.note(candidate.key, { completed: at, last_seen: at })
    scene.tell('experience_completed', {}, { messageId: `${kept.run}.completed` })
  }

  function openCard(hint: HintMark) {
    const shown = marks.get(hint.key)
    if (!shown) return
    const back = page.activeElement as HTMLElement | null
    const card = parts.draw({
      ...scene.stage(),
      content: { key: hint.key, placement: hint.placement ?? 'auto', blocks: hint.blocks ?? [], name: labelOf(hint) },
      index: 0,
      count: 1,
      showProgress: false,
      target: shown.target,
      cross: 'dismiss',
      snoozeLeft: false,
      entered: true,
      seen: () => undefined,
      // The cross and Esc put the card away, not the hint.
      act: (actions, by, button) => (by === 'cross' || by === 'esc' ? shut(true) : scene.act(actions, by, button)),
    })
    open = { key: hint.key, card, back }
    shown.mark.expanded(true)
  }

  /** Closes the open card; `back`: the focus goes to where it came from. */
  function shut(back: boolean) {
    if (!open) return
    const was = open
    open = undefined
    was.card.close()
    const mark = marks.get(was.key)?.mark
    mark?.expanded(false)
    if (!back) return
    if (was.back?.localName !== 'handrail-root' && was.back?.isConnected) was.back.focus({ preventScroll: true })
    else mark?.button.focus({ preventScroll: true })
  }

  const keepSeen = () => journal.set(name, { ...kept, seen: true })
  const labelOf = (hint: HintMark): string => {
    const heading = hint.blocks?.find((block) => block.type === 'heading')
    const label = hint.label ? scene.words(hint.label) : heading ? scene.words(heading.text) : ''
    return label || scene.stage().word('hint', 'Hint')
  }

  function found(hint: HintMark, target: Element) {
    const shown = marks.get(hint.key)
    if (shown) {
      view.clearTimeout(shown.timer)
      shown.timer = 0
      if (shown.target === target) return
      listenIn(target.ownerDocument)
      shown.target = target
      shown.mark.move(target)
      if (open?.key === hint.key) open.card.move(target)
      return
    }
    if (!surface) return
    listenIn(target.ownerDocument)
    const stage = scene.stage()
    const look: Look = {
      ...hint,
      label: labelOf(hint),
      opens: !!hint.blocks?.length,
      pulse: hint.pulse !== false && !opened()[hint.key],
    }
    const mark = parts.drawMark(stage, surface, target, look, () => press(hint))
    mark.button.addEventListener(
      'keydown',
      stage.guard((event) => {
        if (event.key !== 'Escape' || open?.key !== hint.key) return
        event.preventDefault()
        shut(true)
      }),
    )
    const seen = () => {
      keepSeen()
      scene.seen(false)
    }
    const off = parts.watchSeen(stage, hint.mark === 'target' ? target : mark.button, seen)
    marks.set(hint.key, { mark, target, timer: 0, off })
  }

  function lost(key: string) {
    const shown = marks.get(key)
    if (!shown) return
    shown.timer ||= view.setTimeout(
      guard(() => remove(key)),
      GRACE,
    )
  }

  function remove(key: string) {
    if (open?.key === key) shut(false)
    const shown = marks.get(key)
    if (!shown) return
    marks.delete(key)
    view.clearTimeout(shown.timer)
    shown.off()
    shown.mark.close()
  }

  /** An element that is itself the mark opens the card; a click anywhere else closes it. The page's own go on as ever. */
  const onClick = guard((event: Event) => {
    const path = event.composedPath()
    const hint = hints.find((each) => {
      const shown = each.mark === 'target' && marks.get(each.key)
      return shown && path.includes(shown.target)
    })
    if (hint) press(hint)
    else if (open && !path.some((node) => (node as Element).localName === 'handrail-root')) shut(false)
  })

  function listenIn(each: Document) {
    pages.add(each)
    each.addEventListener('click', onClick, true)
  }

  function enter() {
    surface = parts.mountMarks(scene.stage())
    listenIn(page)
    for (const hint of hints)
      offs.push(
        parts.watch(
          page,
          hint.target,
          scene.words,
          guard((at) => ('element' in at ? found(hint, at.element) : lost(hint.key))),
        ),
      )
  }

  function leave() {
    for (const each of pages) each.removeEventListener('click', onClick, true)
    pages.clear()
    for (const off of offs.splice(0)) off()
    for (const key of [...marks.keys()]) remove(key)
    surface?.close()
    surface = undefined
  }

  function look() {
    const here = !over && ports.isHere(candidate)
    if (here !== !!surface) here ? enter() : leave()
  }

  function finish(reason: EndReason) {
    if (over) return
    over = true
    leave()
    if (reason === 'dismissed') journal.remove(name)
    scene.ended(reason, false)
    asked.ended(reason)
  }

  look()
  return {
    heard: look,
    end: finish,
    stop: leave,
    told(said) {
      // Another version was published: its marks take the place of these.
      if (said.version !== candidate.version) {
        finish('paused')
        void ports.start(said.key, 'resume')
        return
      }
      candidate = said
      look()
    },
  }
}
