import type { EndReason, Run } from '@handrail/engine'
import type { DrawnLauncher, DrawnPanel, PanelStage } from '@handrail/renderers'
import type { Candidate, Launcher, Text, UrlRule } from '@handrail/wire'
import type { Dispose } from '../guard.ts'
import { deviceOf } from '../page.ts'
import type { Asked, Play } from '../play.ts'
import type { Ports } from '../runtime.ts'
import { createScene, type Scene } from '../scene.ts'
import { keepOf, keptOf } from '../settled.ts'

/** What a panel keeps of itself for one user: its run, whether it is open, where its launcher was left. */
export interface Kept {
  run?: string
  version?: string
  seen?: boolean
  open?: boolean | undefined
  at?: number
  /** Tasks that were settled in this browser. */
  done?: Record<string, number>
  skipped?: Record<string, number>
  /** It was dismissed and has not said so yet: that can still be taken back. */
  leaving?: boolean
}

/** How a panel was opened: by its launcher, by itself, or from elsewhere. */
export type OpenedBy = 'launcher' | 'auto' | 'api'

/** What one kind of panel is made of. */
export interface PanelKind {
  launcher: Launcher
  title: Text
  about: Text
  sheet: CSSStyleSheet
  drawLauncher(stage: PanelStage): DrawnLauncher
  drawPanel(stage: PanelStage, focused: boolean): DrawnPanel
  /** Whether it opens by itself, now that it is first drawn. */
  expands(kept: Kept): boolean
  /** Fills an open panel; called again by `redraw`. */
  fill(panel: DrawnPanel, stage: PanelStage): void
  /** How much is open or unread: a figure for the badge, and its words. */
  badge(stage: PanelStage): [number, string]
  /** Something may have changed: the address, what the server knows, another tab. */
  look?(candidate: Candidate): void
  /** The user closes the panel; true when that ended the run. */
  closing?(): boolean
  /** It is over, or taken off the page. */
  stop?(): void
  /** An action ends the run. */
  finish?(reason: EndReason): void
}

export interface Panel extends Play {
  scene: Scene
  kept(): Kept
  keep(said: Kept): void
  isOpen(): boolean
  /** Whether the pointer or the focus is in the open panel. */
  isInUse(): boolean
  show(by: OpenedBy, focused: boolean): void
  close(): void
  redraw(): void
  /** Runs a stack of actions for a task or card; whether one of them fired. */
  act(step: string, run: () => void): boolean
  finish(reason: EndReason, told?: boolean): void
}

/** A panel as the others of its page know it: they share the edges, and one is open at a time. */
export interface Neighbour {
  side: string
  at(): number
  /** Whether it has a floating launcher. */
  floats: boolean
  arrange(): void
  isOpen(): boolean
  close(): void
}

/** Plays what stays on the page: a launcher and the panel it opens. */
export function createPanel(asked: Asked, kind: PanelKind): Panel {
  const { ports } = asked
  const { view, guard, journal } = ports
  const page = view.document
  const { launcher } = kind
  let candidate = asked.candidate
  let button: DrawnLauncher | undefined
  let panel: DrawnPanel | undefined
  const offs: Dispose[] = []
  let before: HTMLElement | null = null
  let over = false
  let shows = false
  let fired = false
  let step = candidate.key
  let waits = false
  /** It would open by itself, were there no step on the page. */
  let pending = false
  /** Somebody asked for it just now: the host, an action, a link. */
  let wished = !['page_opening', 'event', 'resume'].includes(asked.entry)
  /** Names the experience it launched, in this tab. */
  const away = `away:${candidate.key}`

  const kept = () => keptOf(ports, candidate.key)
  const keep = (said: Kept) => keepOf(ports, candidate.key, said)
  if (kept().version !== candidate.version || !kept().run)
    keep({ run: ports.newId(), version: candidate.version, seen: false })

  const [edge, end] = (launcher.position ?? 'bottom_end').split('_') as ['top' | 'bottom', string]
  const all = (ports.neighbours ??= [])
  const floats = launcher.show !== false && !launcher.target
  const me: Neighbour = {
    floats,
    side: edge,
    at: () => kept().at ?? (end === 'end' ? 1 : 0),
    arrange: () => button?.row(row()),
    isOpen: () => !!panel,
    close: () => hide(false),
  }
  /** The floating launchers of this corner, the one next to the edge first. */
  const corner = () => all.filter((each) => each.floats && each.side === edge && each.at() === me.at())
  const row = () => corner().indexOf(me)
  const arrange = () => {
    for (const each of all) each.arrange()
  }

  // What is told on the way says whether an action really fired.
  const told: Ports = Object.assign(Object.create(ports), {
    tell(event: string, properties: Record<string, unknown>) {
      if (event === 'action_fired') fired = true
      if (event === 'navigation_cancelled') fired = false
      return ports.tell(event, properties)
    },
  })
  const scene = createScene(
    { ...asked, ports: told, from: kept().seen ? ({} as Run) : undefined, launch },
    { id: kept().run as string },
    {
      step: () => step,
      isLast: () => false,
      goTo: () => undefined,
      finish: (reason) => (kind.finish ?? finish)(reason),
      close: () => hide(false),
    },
  )

  /** It closed for what it launched, and is back when that one is gone, or never came. */
  function launch(key: string) {
    const go = asked.launch(key)
    return (
      go &&
      (async () => {
        if (over) return go()
        journal.set(away, key)
        waits = true
        const started = await go()
        waits = false
        // What has no run of its own to end (another panel) is not waited for.
        if (started.started && !journal.get(`run:${key}`)) journal.remove(away)
        guard(look)()
        return started
      })
    )
  }

  const stage = (): PanelStage => ({
    ...scene.stage(),
    launcher,
    sheet: kind.sheet,
    title: scene.words(kind.title),
    about: scene.words(kind.about),
    side: edge,
    at: me.at,
    move(at) {
      keep({ at })
      arrange()
    },
    rows: () => corner().length,
    toggle: () => (panel ? hide(true) : show('launcher', true)),
    close: () => hide(true),
    seen() {
      if (kept().seen) return
      keep({ seen: true })
      scene.seen(false)
    },
  })

  function show(by: OpenedBy, focused: boolean) {
    if (over || panel || !shows) return
    for (const each of all) if (each !== me && each.isOpen()) each.close()
    before = page.activeElement as HTMLElement | null
    const drawn = stage()
    panel = kind.drawPanel(drawn, focused)
    kind.fill(panel, drawn)
    button?.expanded(true)
    if (!kept().open) scene.tell('panel_opened', { by })
    keep({ open: true })
    journal.remove(away)
  }

  function hide(byUser: boolean) {
    if (!panel) return
    if (byUser && kind.closing?.()) return
    const focused = panel.card.matches(':focus-within')
    undraw()
    keep({ open: false })
    if (!focused) return
    if (button) button.button.focus({ preventScroll: true })
    else if (before?.isConnected) before.focus({ preventScroll: true })
  }

  function undraw() {
    panel?.close()
    panel = undefined
    button?.expanded(false)
  }

  function redraw() {
    const drawn = stage()
    button?.badge(...kind.badge(drawn))
    if (panel) kind.fill(panel, drawn)
  }

  /** Takes its place on the page, where the address allows it. */
  function enter() {
    shows = true
    all.push(me)
    offs.push(() => {
      all.splice(all.indexOf(me), 1)
      arrange()
    })
    if (floats) {
      button = kind.drawLauncher(stage())
      button.expanded(false)
      offs.push(() => button?.close())
    } else if (launcher.target) offs.push(watchElement())
    redraw()
    arrange()
    const state = kept()
    if (wished) show('api', true)
    else if (state.open ?? kind.expands(state)) appear()
    wished = false
  }

  function leave() {
    shows = false
    undraw()
    for (const off of offs.splice(0)) off()
    button = undefined
  }

  /** Opens by itself: never in place of another open panel, and once no step stands on the page. */
  function appear() {
    pending = isBusy()
    if (!pending && !all.some((each) => each.isOpen())) show('auto', false)
  }
  const isBusy = () =>
    [...page.querySelectorAll('handrail-root')].some((each) =>
      each.shadowRoot?.querySelector('[role=dialog]:not(.panel)'),
    )

  /** An element of the page opens it: heard before the page's own handlers, and nothing on the page is touched. */
  function watchElement(): Dispose {
    let found: Element | null = null
    let off: Dispose | undefined
    let gone = false
    // No click comes out of a frame.
    const pages = new Set<Document>()
    const listenIn = (each: Document) => {
      pages.add(each)
      each.addEventListener('click', listen, true)
    }
    // Finding elements is in the chunk that most pages have loaded anyway.
    ;(ports.load('tour') as Promise<unknown> as Promise<typeof import('../chunks/tour.ts')>).then(({ watch }) => {
      if (gone || !launcher.target) return
      off = watch(
        page,
        launcher.target,
        scene.words,
        guard((seen) => {
          found = 'element' in seen ? seen.element : null
          if (found) listenIn(found.ownerDocument)
        }),
      )
    })
    const listen = guard((event: Event) => {
      if (found && event.composedPath().includes(found)) stage().toggle()
    })
    listenIn(page)
    return () => {
      gone = true
      off?.()
      for (const each of pages) each.removeEventListener('click', listen, true)
    }
  }

  const covered = (rules: readonly UrlRule[] | undefined) => rules?.some((rule) => ports.onPage(rule, candidate))
  function isHere(): boolean {
    const { devices, include, exclude } = candidate.where
    if (devices?.length && !devices.includes(deviceOf(view))) return false
    return (!include?.length || covered(include) === true) && !covered(exclude)
  }

  function look() {
    if (over) return
    const here = isHere()
    if (here !== shows) here ? enter() : leave()
    if (pending && shows) appear()
    const launched = journal.get(away)
    if (launched && !waits && !journal.get(`run:${launched}`)) {
      journal.remove(away)
      keep({ open: true })
      if (shows) appear()
    }
    kind.look?.(candidate)
  }

  function finish(reason: EndReason, told = false) {
    if (over) return
    take()
    // What was paused may come back as it was left.
    if (reason === 'dismissed' || reason === 'completed')
      keep({ run: '', seen: false, open: undefined, leaving: false })
    journal.remove(away)
    if (!told) scene.ended(reason, false)
    asked.ended(reason)
  }

  function take() {
    over = true
    leave()
    kind.stop?.()
    view.removeEventListener('storage', onStorage)
  }

  const onStorage = guard(() => look())
  view.addEventListener('storage', onStorage)

  return {
    scene,
    kept,
    keep,
    isOpen: () => !!panel,
    isInUse: () => !!panel?.card.matches(':focus-within,:hover'),
    show,
    close: () => hide(true),
    redraw,
    act(of, run) {
      step = of
      fired = false
      run()
      return fired
    },
    finish,
    heard: look,
    end: (reason) => finish(reason),
    stop: take,
    open: () => show('api', true),
    told(said) {
      // Another version was published: it takes this one's place, as the user left it.
      if (said.version !== candidate.version) {
        finish('paused')
        void ports.start(said.key, 'resume')
        return
      }
      candidate = said
      look()
      redraw()
    },
  }
}
