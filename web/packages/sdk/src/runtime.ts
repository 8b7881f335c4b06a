import {
  advance,
  begin,
  type Browser,
  covers,
  due,
  type EndReason,
  type Entry,
  type EntryClass,
  holds,
  inNominalOrder,
  inTurn,
  limitedUntil,
  OBEYS,
  outcomeOf,
  type Run,
  type RunEvent,
  renderText,
  renderUrl,
  type StepPlan,
  snoozesUsed,
  type Values,
  wordsFor,
} from '@handrail/engine'
import type { Drawn, Renderer, Stage } from '@handrail/renderers'
import type { Action, BannerContent, BootReply, Candidate, Content, Step, Target, Text, TourContent } from '@handrail/wire'
import type { Dispose, Guard } from './guard.ts'
import type { Ledger } from './ledger.ts'
import type { Store } from './store.ts'
import { newId } from './values.ts'

export type Because =
  | 'not_found' | 'not_started' | 'ended' | 'where' | 'residual' | 'snoozed' | 'frequency_once' | 'frequency_days' | 'frequency_load'
  | 'rate_limit' | 'slot_taken' | 'outranked' | 'self_launch' | 'chain_limit' | 'offline' | 'held' | 'failed' // biome-ignore format: one list
export type { Entry } from '@handrail/engine'
export type Started = { started: true } | { started: false; because: Because }
export interface Decided { at: number; key: string; entry: Entry; shown: boolean; because?: Because }

interface Chunk {
  draw: Renderer
  find?: (root: Document, target: Target, words: (text: Text) => string) => { element: Element } | { missing: string }
  watch?: (root: Document, target: Target, words: (text: Text) => string, report: (found: { element: Element } | { missing: string }) => void) => Dispose
}

/** Everything the runtime asks of its surroundings. */
export interface Ports {
  view: Window & typeof globalThis
  guard: Guard
  ledger: Ledger
  journal: Store
  now: () => number
  reply: () => BootReply | undefined
  values: Values
  locale: () => string
  load: (kind: string) => Promise<Chunk>
  content: (candidate: Candidate) => Promise<Content>
  tell: (event: string, properties: Record<string, unknown>) => string
  flush: () => void
  emit: (event: string, detail: unknown) => void
  /** Rereads the revision when it is old; false when the experience is no longer live. */
  stillLive: (candidate: Candidate) => Promise<boolean>
  navigate?: (url: string) => boolean
}

interface Showing {
  candidate: Candidate
  content: Content
  chunk: Chunk
  run: Run
  entry: Entry
  target: Element | null
  drawn?: Drawn
  seen: boolean
  faults: number
  offs: Dispose[]
  release?: () => void
}

const INTERRUPTS = new Set(['tour', 'survey'])
const MOST_CHAINED = 3

export interface Runtime {
  /** Looks for what may start by itself now. */
  consider(entry: 'page_opening' | 'event', event?: string): void
  start(key: string, entry: Entry): Promise<Started>
  resume(): void
  /** Closes what is no longer live. */
  prune(live: readonly string[]): void
  decisions(): readonly Decided[]
  showing(): string[]
  hold(on: boolean): void
  closeAll(reason: EndReason): void
  stop: Dispose
}

export function createRuntime(ports: Ports): Runtime {
  const { view, guard, ledger, journal, now } = ports
  const page = view.document
  const showing = new Map<string, Showing>()
  const shownInLoad = new Set<string>()
  const log: Decided[] = []
  let claimed = ''
  let held = false
  let chained = 0
  let returns = 0
  let stopped = false

  const note = (key: string, entry: Entry, because?: Because) => {
    log.push(because ? { at: now(), key, entry, shown: false, because } : { at: now(), key, entry, shown: true })
    if (log.length > 100) log.shift()
  }
  const browser = (candidate: Candidate): Browser => ({
    address: parse(view.location.href),
    device: deviceOf(view),
    width: view.innerWidth,
    height: view.innerHeight,
    element: (css) => !!page.querySelector(css),
    programs: candidate.patterns ?? {},
  })
  const stateOf = (candidate: Candidate) => ledger.of(candidate.key, candidate.state)
  const find = (key: string) => ports.reply()?.candidates.find((each) => each.key === key || each.id === key)
  const interrupts = (candidate: Candidate) => INTERRUPTS.has(candidate.kind)

  /** Why a candidate may not show now by this way in; undefined when it may. */
  function refused(candidate: Candidate, entry: Entry): Because | undefined {
    const reply = ports.reply()
    const at = now()
    if (candidate.starts && at < candidate.starts) return 'not_started'
    if (candidate.ends && at >= candidate.ends) return 'ended'
    const here = browser(candidate)
    if (!covers(candidate.where ?? {}, here.address, here.device, here.programs)) return 'where'
    if (candidate.residual && !holds(candidate.residual, here)) return 'residual'
    if (OBEYS[entry].frequency) {
      const verdict = due(candidate.frequency, stateOf(candidate), at, reply?.zone ?? 'UTC', entry !== 'event' && shownInLoad.has(candidate.key))
      if (verdict.againAt) returnAt(verdict.againAt)
      if (!verdict.due) return verdict.because as Because
    }
    if (OBEYS[entry].limit && interrupts(candidate) && candidate.respectsRateLimit !== false && reply?.rateLimit) {
      const shown = [...new Set([...(reply.rateLimit.shown ?? []), ...ledger.shown()])]
      const until = limitedUntil({ ...reply.rateLimit, shown }, at)
      if (until) {
        returnAt(until)
        return 'rate_limit'
      }
    }
    return undefined
  }

  /** Looks again when a snooze, a frequency or the rate limit is over: no reload needed. */
  function returnAt(instant: number) {
    if (returns && returns <= instant && returns > now()) return
    returns = instant
    view.setTimeout(
      guard(() => {
        returns = 0
        if (!stopped) consider('page_opening')
      }),
      Math.min(instant - now() + 50, 2 ** 31 - 1),
    )
  }

  function consider(entry: 'page_opening' | 'event', event?: string) {
    const open: Candidate[] = []
    for (const candidate of ports.reply()?.candidates ?? []) {
      const { showOn } = candidate
      const starts = entry === 'event' ? showOn.on === 'event' && showOn.event === event : showOn.on === 'page_opening'
      if (!starts || showing.has(candidate.key)) continue
      const because = held && interrupts(candidate) ? 'held' : refused(candidate, entry)
      if (because) note(candidate.key, entry, because)
      else open.push(candidate)
    }
    open.sort((one, other) => inTurn(contender(one), contender(other)))
    for (const candidate of open) {
      if (interrupts(candidate) && slotTaken()) note(candidate.key, entry, showing.size ? 'slot_taken' : 'outranked')
      else void show(candidate, entry)
    }
  }

  const contender = (candidate: Candidate, entry: EntryClass = 'automatic') => ({
    id: candidate.id,
    entry,
    respectsRateLimit: candidate.respectsRateLimit !== false,
    priority: candidate.priority,
    publishedAt: candidate.publishedAt,
  })
  const slotTaken = () => claimed !== '' || [...showing.values()].some((each) => interrupts(each.candidate))

  async function start(key: string, entry: Entry): Promise<Started> {
    const candidate = find(key)
    const because: Because | undefined = !ports.reply()
      ? 'offline'
      : !candidate
        ? 'not_found'
        : showing.has(candidate.key)
          ? 'slot_taken'
          : (refused(candidate, entry) ?? (OBEYS[entry].slot && interrupts(candidate) && slotTaken() ? 'slot_taken' : undefined))
    if (!candidate || because) {
      note(key, entry, because)
      return { started: false, because: because as Because }
    }
    return (await show(candidate, entry)) ? { started: true } : { started: false, because: 'failed' }
  }

  /** Shows a candidate whose turn it is. The claim comes first, so that two tabs never both draw it. */
  async function show(candidate: Candidate, entry: Entry, from?: Run): Promise<boolean> {
    const slot = interrupts(candidate)
    if (slot) claimed = candidate.key
    let release: (() => void) | undefined
    try {
      const lock = candidate.frequency.every === 'time' || from ? () => undefined : await claim(view, `handrail:${candidate.key}`)
      if (!lock) {
        note(candidate.key, entry, 'slot_taken')
        return false
      }
      release = lock
      const [content, chunk] = await Promise.all([ports.content(candidate), ports.load(candidate.kind)])
      if (stopped || (slot && !(await ports.stillLive(candidate)))) {
        release()
        return false
      }
      const run = from ?? begin(newId(), candidate.version, plansOf(content))
      const shown: Showing = { candidate, content, chunk, run, entry, target: null, seen: !!from, faults: 0, offs: [], release }
      showing.set(candidate.key, shown)
      shownInLoad.add(candidate.key)
      note(candidate.key, entry)
      keep(shown)
      enter(shown)
      return true
    } catch {
      release?.()
      note(candidate.key, entry, 'offline')
      return false
    } finally {
      if (claimed === candidate.key) claimed = ''
    }
  }

  function keep(shown: Showing) {
    journal.set(`run:${shown.candidate.key}`, { run: shown.run, entry: shown.entry })
  }

  function dispatch(shown: Showing, event: RunEvent) {
    const before = shown.run
    shown.run = advance(before, event, plansOf(shown.content), now())
    if (shown.run === before) return
    // The journal is written before anything is done, so a reload finds the run where it is going.
    if (shown.run.status === 'ended') end(shown)
    else {
      keep(shown)
      if (shown.run.step !== before.step || shown.run.status !== before.status) enter(shown)
    }
  }

  const stepOf = (shown: Showing): Step | BannerContent =>
    shown.candidate.kind === 'banner' ? (shown.content.content as BannerContent) : ((shown.content.content as TourContent).steps[shown.run.step] as Step)

  function leaveStep(shown: Showing) {
    for (const off of shown.offs.splice(0)) off()
    shown.drawn?.close()
    delete shown.drawn
  }

  function enter(shown: Showing) {
    const step = stepOf(shown) as Step
    leaveStep(shown)
    if (step.target && shown.chunk.watch && plansOf(shown.content)[shown.run.step]?.needsTarget) watchTarget(shown, step)
    if (shown.run.status === 'showing' && !shown.drawn && showing.get(shown.candidate.key) === shown) drawStep(shown)
  }

  function watchTarget(shown: Showing, step: Step) {
    const wait = Math.max(0, step.missing?.wait_seconds ?? 6) * 1000
    let waiting = 0
    let had = false
    const over = guard(() => {
      ports.tell('target_missing', { ...about(shown), step: step.key })
      dispatch(shown, { kind: 'wait_over' })
    })
    const off = shown.chunk.watch?.(page, step.target as Target, words(shown), guard((found) => {
      if ('element' in found) {
        view.clearTimeout(waiting)
        waiting = 0
        had = true
        shown.target = found.element
        if (shown.drawn) shown.drawn.move(found.element)
        else if (shown.run.status === 'waiting') {
          // Only the status changes: the watcher stays, so this must not go through `enter`.
          shown.run = advance(shown.run, { kind: 'target_found' }, plansOf(shown.content), now())
          keep(shown)
          drawStep(shown)
        }
      } else {
        // A step that floats without its target waits for it quietly.
        if (!had && shown.run.status === 'showing') return
        shown.target = null
        // Pages make elements anew all the time; a moment of grace keeps the step from blinking.
        waiting ||= view.setTimeout(
          guard(() => {
            if (shown.drawn) {
              shown.drawn.close()
              delete shown.drawn
              shown.run = advance(shown.run, { kind: 'target_lost' }, plansOf(shown.content), now())
              keep(shown)
            }
            waiting = view.setTimeout(over, wait)
          }),
          shown.drawn ? 500 : 0,
        )
      }
    }))
    shown.offs.push(() => {
      off?.()
      view.clearTimeout(waiting)
    })
  }

  const words = (shown: Showing) => (text: Text) => renderText(wordsFor(text, ports.locale(), shown.content.defaultLocale), ports.values)

  function drawStep(shown: Showing) {
    const step = stepOf(shown) as Step
    const snooze = snoozeIn(step)
    const used = snoozesUsed(stateOf(shown.candidate))
    const left = !snooze || used < (snooze.up_to ?? 3)
    const cross = step.cross?.show === false ? null : step.cross?.action?.type === 'snooze' && left ? 'snooze' : 'dismiss'
    const fault = () => {
      if (++shown.faults >= 3) dispatch(shown, { kind: 'end', reason: 'failed' })
    }
    const tour = shown.content.content as TourContent
    const stage: Stage = {
      document: page,
      content: step,
      kind: shown.candidate.kind as 'tour' | 'banner',
      index: shown.run.step,
      count: tour.steps?.length ?? 1,
      showProgress: tour.show_progress !== false,
      theme: shown.content.theme,
      text: words(shown),
      href: (template) => {
        const made = renderUrl(template, ports.values)
        return 'url' in made ? made.url : null
      },
      locale: ports.locale(),
      target: shown.target,
      cross,
      snoozeLeft: left,
      act: (actions, by, button) => act(shown, actions, by, button),
      seen: () => seen(shown),
      guard: (callback) => guard(callback, fault),
    }
    try {
      shown.drawn = shown.chunk.draw(stage)
    } catch (problem) {
      ports.tell('experience_failed', { ...about(shown), reason: String(problem).slice(0, 200) })
      dispatch(shown, { kind: 'end', reason: 'failed' })
      return
    }
    for (const trigger of step.triggers ?? []) arm(shown, trigger.when, trigger.then)
  }

  /** If/then on a step: fires once, when every condition has held since the step was shown. */
  function arm(shown: Showing, conditions: NonNullable<Step['triggers']>[number]['when'], then: readonly Action[]) {
    const open = new Set(conditions)
    const held_ = (condition: (typeof conditions)[number]) => {
      if (!open.delete(condition) || open.size) return
      act(shown, then, 'trigger')
    }
    for (const condition of conditions) {
      switch (condition.on) {
        case 'delay': {
          const timer = view.setTimeout(guard(() => held_(condition)), condition.seconds * 1000)
          shown.offs.push(() => view.clearTimeout(timer))
          break
        }
        case 'element_clicked': {
          const listen = guard((event: Event) => {
            const found = condition.target ? shown.chunk.find?.(page, condition.target, words(shown)) : undefined
            const element = found ? ('element' in found ? found.element : null) : shown.target
            if (element && event.composedPath().includes(element)) held_(condition)
          })
          page.addEventListener('click', listen, true)
          shown.offs.push(() => page.removeEventListener('click', listen, true))
          break
        }
        case 'url': {
          const look = guard(() => {
            if (covers({ include: [condition.rule] }, parse(view.location.href), 'desktop', shown.candidate.patterns ?? {})) held_(condition)
          })
          routeListeners.add(look)
          shown.offs.push(() => routeListeners.delete(look))
          look()
          break
        }
        case 'event': {
          const listen = guard((name: string) => {
            if (name === condition.event) held_(condition)
          })
          eventListeners.add(listen)
          shown.offs.push(() => eventListeners.delete(listen))
          break
        }
        default: {
          const off = shown.chunk.watch?.(page, condition.target, words(shown), (found) => {
            const there = 'element' in found
            const element = there ? (found.element as HTMLInputElement) : undefined
            const filled = !!element && 'value' in element && element.value !== ''
            if (condition.fact === 'filled' ? filled : condition.fact === 'absent' ? !there : there) held_(condition)
          })
          if (off) shown.offs.push(off)
        }
      }
    }
  }
  const routeListeners = new Set<() => void>()
  const eventListeners = new Set<(name: string) => void>()

  const about = (shown: Showing) => ({
    experience: shown.candidate.key,
    experience_id: shown.candidate.id,
    version: shown.candidate.version,
    kind: shown.candidate.kind,
    run: shown.run.id,
  })

  function seen(shown: Showing) {
    const step = stepOf(shown) as Step
    if (!shown.seen) {
      shown.seen = true
      const at = now()
      ledger.note(shown.candidate.key, { first_seen: at, last_seen: at })
      if (interrupts(shown.candidate)) ledger.noteShown(at)
      ports.tell('experience_seen', { ...about(shown), entry: shown.entry })
      ports.emit('experience:seen', about(shown))
    }
    ports.tell('step_seen', { ...about(shown), step: step.key ?? 'banner', step_index: shown.run.step })
  }

  /** One stack of actions: fired together in nominal order, none awaited, one outcome (RULES 27). */
  function act(shown: Showing, actions: readonly Action[], by: string, button?: string) {
    if (shown.run.status === 'ended' || showing.get(shown.candidate.key) !== shown) return
    const step = stepOf(shown) as Step
    const used = snoozesUsed(stateOf(shown.candidate))
    let outcome = outcomeOf(actions, used)
    let launch: (() => void) | undefined
    let navigation: (() => void) | undefined
    for (const action of inNominalOrder(actions)) {
      ports.tell('action_fired', { ...about(shown), step: step.key ?? 'banner', action: action.type, by, ...(button ? { button } : {}) })
      guard(() => {
        switch (action.type) {
          case 'go_to_step': {
            if (outcome) return
            const to = action.step ?? 'next'
            const steps = (shown.content.content as TourContent).steps ?? []
            const named = steps.findIndex((each) => each.key === to)
            dispatch(shown, { kind: 'go_to', to: to === 'next' || to === 'previous' || to === 'complete' ? to : named })
            break
          }
          case 'launch_experience': {
            const next = find(action.experience)
            const because: Because | undefined =
              action.experience === shown.candidate.key ? 'self_launch' : chained >= MOST_CHAINED ? 'chain_limit' : next ? refused(next, 'launch_experience') : 'not_found'
            if (because || !next) {
              note(action.experience, 'launch_experience', because ?? 'not_found')
              // The source stays when its target is refused (RULES 28), unless something else closes it.
              outcome = outcomeOf(actions.filter((each) => each !== action), used)
            } else {
              chained++
              launch = () => void show(next, 'launch_experience')
            }
            break
          }
          case 'navigate_to':
            navigation = plan(shown, action)
            break
          default:
        }
      })()
    }
    if (outcome) {
      if (outcome === 'snoozed') {
        const snooze = actions.find((each) => each.type === 'snooze') as Extract<Action, { type: 'snooze' }>
        const at = now()
        const until = at + (snooze.hours ?? 24) * 3_600_000
        const id = ports.tell('experience_snoozed', { ...about(shown), until, by })
        ledger.note(shown.candidate.key, { snoozes: [[at, id, until]] })
      }
      dispatch(shown, { kind: 'end', reason: outcome })
    }
    launch?.()
    ports.flush()
    navigation?.()
  }

  /** Reads the address inside the click, so that a window may be opened; goes there after everything else. */
  function plan(shown: Showing, action: Extract<Action, { type: 'navigate_to' }>): (() => void) | undefined {
    const made = renderUrl(action.url, ports.values)
    if (!('url' in made)) {
      ports.tell('navigation_cancelled', { ...about(shown), reason: made.refused })
      return undefined
    }
    return guard(() => {
      if (action.open_in === 'new_tab') {
        // `noopener` makes open() return null even when it worked, so the blocked case is told by the user agent only.
        view.open(made.url, '_blank', 'noopener')
      } else if (!ports.navigate?.(made.url)) view.location.assign(made.url)
    })
  }

  function end(shown: Showing) {
    const { candidate, run } = shown
    const reason = run.reason as EndReason
    journal.remove(`run:${candidate.key}`)
    showing.delete(candidate.key)
    leaveStep(shown)
    shown.release?.()
    const at = now()
    if (reason === 'dismissed' || reason === 'completed') {
      ledger.note(candidate.key, { [reason]: at, first_seen: at, last_seen: at })
      if (interrupts(candidate) && !shown.seen) ledger.noteShown(at)
      ports.tell(`experience_${reason}`, about(shown))
    } else if (reason !== 'snoozed') ports.tell('experience_ended', { ...about(shown), reason })
    ports.emit(`experience:${reason}`, about(shown))
    if (!stopped) view.setTimeout(guard(() => consider('page_opening')), 0)
  }

  return {
    consider(entry, event) {
      if (event) for (const listen of [...eventListeners]) listen(event)
      else for (const look of [...routeListeners]) look()
      consider(entry, event)
    },
    start,
    resume() {
      for (const candidate of ports.reply()?.candidates ?? []) {
        const kept = journal.get<{ run: Run; entry: Entry }>(`run:${candidate.key}`)
        if (!kept || showing.has(candidate.key)) continue
        if (kept.run.version === candidate.version && kept.run.status !== 'ended') void show(candidate, kept.entry, kept.run)
        else journal.remove(`run:${candidate.key}`)
      }
    },
    prune(live) {
      for (const shown of [...showing.values()]) {
        if (!live.includes(shown.candidate.version) && !find(shown.candidate.key)) dispatch(shown, { kind: 'end', reason: 'paused' })
      }
    },
    decisions: () => log,
    showing: () => [...showing.keys()],
    hold(on) {
      held = on
      if (!on) consider('page_opening')
    },
    closeAll(reason) {
      for (const shown of [...showing.values()]) dispatch(shown, { kind: 'end', reason })
    },
    stop() {
      stopped = true
      for (const shown of [...showing.values()]) {
        showing.delete(shown.candidate.key)
        leaveStep(shown)
        shown.release?.()
      }
    },
  }
}

function snoozeIn(step: Step | BannerContent): Extract<Action, { type: 'snooze' }> | undefined {
  const stacks = (step.blocks ?? []).flatMap((block) => (block.type === 'button' ? (block.actions ?? []) : []))
  const all = step.cross?.action ? [step.cross.action, ...stacks] : stacks
  return all.find((action) => action.type === 'snooze') as Extract<Action, { type: 'snooze' }> | undefined
}

function plansOf(content: Content): StepPlan[] {
  const steps = (content.content as TourContent).steps
  if (!steps) return [{ needsTarget: false, missing: 'float' }]
  return steps.map((step) => {
    const then = step.missing?.then ?? 'float'
    const missing = then === 'go_to_step' ? Math.max(0, steps.findIndex((each) => each.key === step.missing?.step)) : then
    return { needsTarget: (step.form ?? 'tooltip') === 'tooltip' && !!step.target, missing }
  })
}

export function parse(href: string): URL | null {
  try {
    return new URL(href)
  } catch {
    return null
  }
}

/** The kind of device, by what it points with and how wide its screen is. */
export function deviceOf(view: Window): 'desktop' | 'tablet' | 'mobile' {
  const coarse = view.matchMedia?.('(pointer: coarse)').matches
  const narrow = Math.min(view.screen.width, view.screen.height)
  return !coarse ? 'desktop' : narrow < 600 ? 'mobile' : 'tablet'
}

/** Takes the show-once claim across tabs; undefined when another tab has it. Held until released. */
async function claim(view: Window, name: string): Promise<(() => void) | undefined> {
  const { locks } = view.navigator
  // Plain http has no locks; the ledger, written before the next tab asks, is what remains.
  if (!locks) return () => undefined
  return new Promise((resolve) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) {
          resolve(undefined)
          return undefined
        }
        return new Promise<void>((release) => resolve(release))
      })
      .catch(() => resolve(() => undefined))
  })
}
