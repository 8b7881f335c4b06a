import {
  advance,
  begin,
  type Effect,
  type EndReason,
  type Entry,
  effectsBetween,
  type Run,
  type RunEvent,
  readStack,
  renderText,
  renderUrl,
  type StepPlan,
  snoozesUsed,
  wordsFor,
} from '@handrail/engine'
import type { Drawn, Renderer, Stage } from '@handrail/renderers'
import type { Action, BannerContent, Candidate, Content, Step, Target, Text, TourContent } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import type { Ports } from './runtime.ts'

type Words = (text: Text) => string
type Found = { element: Element } | { missing: string }
/** What a renderer chunk brings to a run: how to draw and, for tours, how to find elements. */
export interface Tools {
  draw: Renderer
  find?: (root: Document, target: Target, words: Words) => Found
  watch?: (root: Document, target: Target, words: Words, report: (found: Found) => void) => Dispose
}
/** A loaded chunk. */
export interface Chunk {
  play(asked: Asked): Play
}
export interface Asked {
  ports: Ports
  candidate: Candidate
  content: Content
  entry: Entry
  /** The run to go on with, after a reload. */
  from?: Run | undefined
  /** Starts another experience; undefined when it is refused. */
  launch(key: string): (() => void) | undefined
  ended(reason: EndReason): void
}
/** A run on the page. */
export interface Play {
  /** An event was tracked or, without a name, the address changed. */
  heard(event?: string): void
  end(reason: EndReason): void
  /** Takes it off the page, the run as it is. */
  stop: Dispose
}

/** Plays one run: the reducer's state, the journal, the drawn step and its triggers. */
export function createPlay(tools: Tools, asked: Asked): Play {
  const { ports, candidate, content } = asked
  const { view, guard, ledger, journal, now } = ports
  const page = view.document
  const plans = plansOf(content)
  const listeners = new Set<(event?: string) => void>()
  const offs: Dispose[] = []
  let run = asked.from
    ? advance(asked.from, { kind: 'resume' }, plans, now())
    : begin(ports.newId(), candidate.version, plans)
  let seenOnce = !!asked.from
  let target: Element | null = null
  let drawn: Drawn | undefined
  let faults = 0
  let armed = false
  let over = false

  function dispatch(event: RunEvent) {
    const before = run
    run = advance(before, event, plans, now())
    perform(effectsBetween(before, run))
    return run !== before
  }

  /** The journal is written before anything is done, so a reload finds the run where it is going. */
  const effects: Record<Effect, () => void> = {
    journal: () => journal.set(`run:${candidate.key}`, { run, entry: asked.entry }),
    leave: leaveStep,
    hide,
    record,
    arrive,
    draw: drawStep,
    release: () => asked.ended(run.reason as EndReason),
  }
  function perform(list: Effect[]) {
    for (const effect of list) effects[effect]()
  }

  const state = () => ledger.of(candidate.key, candidate.state)
  const stepOf = (): Step | BannerContent =>
    candidate.kind === 'banner'
      ? (content.content as BannerContent)
      : ((content.content as TourContent).steps[run.step] as Step)

  function hide() {
    drawn?.close()
    drawn = undefined
  }

  function leaveStep() {
    for (const off of offs.splice(0)) off()
    hide()
  }

  function arrive() {
    const step = stepOf() as Step
    target = null
    armed = false
    if (plans[run.step]?.needsTarget) watchTarget(step)
  }

  function watchTarget(step: Step) {
    const wait = Math.max(0, step.missing?.wait_seconds ?? 6) * 1000
    let waiting = 0
    let had = false
    let left = false
    let off: Dispose | undefined
    // Known before the watch begins: what it finds at once may already lead on to another step.
    offs.push(() => {
      left = true
      off?.()
      view.clearTimeout(waiting)
    })
    const late = guard(() => {
      ports.tell('target_missing', { ...about, step: step.key })
      dispatch({ kind: 'wait_over' })
    })
    off = tools.watch?.(
      page,
      step.target as Target,
      words,
      guard((found) => {
        if ('element' in found) {
          view.clearTimeout(waiting)
          waiting = 0
          had = true
          target = found.element
          if (drawn) drawn.move(found.element)
          else dispatch({ kind: 'target_found' })
        } else {
          // A step that floats without its target waits for it quietly.
          if (!had && run.status === 'showing') return
          target = null
          // Pages make elements anew all the time; a moment of grace keeps the step from blinking.
          waiting ||= view.setTimeout(
            guard(() => {
              dispatch({ kind: 'target_lost' })
              waiting = view.setTimeout(late, wait)
            }),
            drawn ? 500 : 0,
          )
        }
      }),
    )
    if (left) off?.()
  }

  const words = (text: Text) => renderText(wordsFor(text, ports.locale(), content.defaultLocale), ports.values)

  function drawStep() {
    const step = stepOf() as Step
    const snooze = snoozeIn(step)
    const used = snoozesUsed(state())
    const left = !snooze || used < (snooze.up_to ?? 3)
    const cross =
      step.cross?.show === false ? null : step.cross?.action?.type === 'snooze' && left ? 'snooze' : 'dismiss'
    const fault = () => {
      if (++faults >= 3) finish('failed')
    }
    const tour = content.content as TourContent
    const stage: Stage = {
      document: page,
      content: step,
      kind: candidate.kind as 'tour' | 'banner',
      index: run.step,
      count: tour.steps?.length ?? 1,
      showProgress: tour.show_progress !== false,
      theme: content.theme,
      text: words,
      href: (template) => {
        const made = renderUrl(template, ports.values)
        return 'url' in made ? made.url : null
      },
      locale: ports.locale(),
      target,
      cross,
      snoozeLeft: left,
      act,
      seen,
      guard: (callback) => guard(callback, fault),
    }
    try {
      drawn = tools.draw(stage)
    } catch (problem) {
      ports.tell('experience_failed', { ...about, reason: String(problem).slice(0, 200) })
      finish('failed')
      return
    }
    // A step that is drawn again, because its target was made anew, goes on listening as it was.
    if (!armed) {
      armed = true
      step.triggers?.forEach(({ when, then }, at) => {
        arm(when, () => dispatch({ kind: 'trigger', at }) && act(then, 'trigger'))
      })
    }
  }

  /** If/then on a step: fires once, when every condition has held since the step was shown. */
  function arm(conditions: NonNullable<Step['triggers']>[number]['when'], fire: () => void) {
    const open = new Set(conditions)
    const held = (condition: (typeof conditions)[number]) => {
      if (open.delete(condition) && !open.size) fire()
    }
    for (const condition of conditions) {
      switch (condition.on) {
        case 'delay': {
          const timer = view.setTimeout(
            guard(() => held(condition)),
            condition.seconds * 1000,
          )
          offs.push(() => view.clearTimeout(timer))
          break
        }
        case 'element_clicked': {
          const listen = guard((event: Event) => {
            const found = condition.target ? tools.find?.(page, condition.target, words) : undefined
            const element = found ? ('element' in found ? found.element : null) : target
            if (element && event.composedPath().includes(element)) held(condition)
          })
          page.addEventListener('click', listen, true)
          offs.push(() => page.removeEventListener('click', listen, true))
          break
        }
        case 'url':
        case 'event': {
          const listen = guard((event?: string) => {
            if (
              condition.on === 'event' ? event === condition.event : !event && ports.onPage(condition.rule, candidate)
            )
              held(condition)
          })
          listeners.add(listen)
          offs.push(() => listeners.delete(listen))
          // The address may match already; no event happened by that.
          listen()
          break
        }
        default: {
          const off = tools.watch?.(page, condition.target, words, (found) => {
            const there = 'element' in found
            const element = there ? (found.element as HTMLInputElement) : undefined
            const filled = !!element && 'value' in element && element.value !== ''
            if (condition.fact === 'filled' ? filled : condition.fact === 'absent' ? !there : there) held(condition)
          })
          if (off) offs.push(off)
        }
      }
    }
  }
  const about = {
    experience: candidate.key,
    experience_id: candidate.id,
    version: candidate.version,
    kind: candidate.kind,
    run: run.id,
  }

  function seen() {
    const step = stepOf() as Step
    if (!seenOnce) {
      seenOnce = true
      const at = now()
      ledger.note(candidate.key, { first_seen: at, last_seen: at })
      if (candidate.kind !== 'banner') ledger.noteShown(at)
      ports.tell('experience_seen', { ...about, entry: asked.entry })
      ports.emit('experience:seen', about)
    }
    ports.tell('step_seen', { ...about, step: step.key ?? 'banner', step_index: run.step })
  }

  /** One stack of actions: fired together in nominal order, none awaited, one outcome (RULES 27). */
  function act(actions: readonly Action[], by: string, button?: string) {
    if (over) return
    const step = stepOf() as Step
    const standing = { snoozesUsed: snoozesUsed(state()), isLast: !plans[run.step + 1] }
    let launch: (() => void) | undefined
    let navigation: (() => void) | undefined
    // The source stays when its target is refused (RULES 28), unless something else closes it.
    const taken = actions.filter(
      (each) => each.type !== 'launch_experience' || (launch = asked.launch(each.experience)),
    )
    const [stack, outcome] = readStack(taken, standing)
    for (const { does, action } of stack) {
      guard(() => {
        ports.tell('action_fired', {
          ...about,
          step: step.key ?? 'banner',
          action: action.type,
          by,
          ...(button ? { button } : {}),
        })
        if (does === 'go_to_step') {
          const { step: to = 'next' } = action as { step?: string }
          const named = (content.content as TourContent).steps.findIndex((each) => each.key === to)
          dispatch({ kind: 'go_to', to: to === 'next' || to === 'previous' ? to : named })
        } else if (does === 'snooze' && outcome === 'snoozed') {
          const at = now()
          const until = at + ((action as { hours?: number }).hours ?? 24) * 3_600_000
          const id = ports.tell('experience_snoozed', { ...about, until, by })
          ledger.note(candidate.key, { snoozes: [[at, id, until]] })
        } else if (action.type === 'navigate_to') navigation = plan(action)
      })()
    }
    if (outcome) finish(outcome)
    launch?.()
    ports.flush()
    navigation?.()
  }

  /** Reads the address inside the click, so that a window may be opened; goes there after everything else. */
  function plan(action: Extract<Action, { type: 'navigate_to' }>): (() => void) | undefined {
    const made = renderUrl(action.url, ports.values)
    if (!('url' in made)) {
      ports.tell('navigation_cancelled', { ...about, reason: made.refused })
      return undefined
    }
    return guard(() => {
      if (action.open_in === 'new_tab') {
        // `noopener` makes open() return null even when it worked, so the blocked case is told by the user agent only.
        view.open(made.url, '_blank', 'noopener')
      } else if (!ports.navigate?.(made.url)) view.location.assign(made.url)
    })
  }

  function record() {
    const reason = run.reason as EndReason
    over = true
    const at = now()
    if (reason === 'dismissed' || reason === 'completed') {
      ledger.note(candidate.key, { [reason]: at, first_seen: at, last_seen: at })
      if (candidate.kind !== 'banner' && !seenOnce) ledger.noteShown(at)
      ports.tell(`experience_${reason}`, about)
    } else if (reason !== 'snoozed') ports.tell('experience_ended', { ...about, reason })
    journal.remove(`run:${candidate.key}`)
  }

  const finish = (reason: EndReason) => dispatch({ kind: 'end', reason })

  perform(effectsBetween(undefined, run))
  return {
    heard: (event) => {
      for (const listen of [...listeners]) listen(event)
    },
    end: finish,
    stop() {
      over = true
      leaveStep()
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
    const missing =
      then === 'go_to_step'
        ? Math.max(
            0,
            steps.findIndex((each) => each.key === step.missing?.step),
          )
        : then
    return { needsTarget: (step.form ?? 'tooltip') === 'tooltip' && !!step.target, missing }
  })
}
