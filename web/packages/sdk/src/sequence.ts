import {
  advance,
  begin,
  type Effect,
  type EndReason,
  effectsBetween,
  type Run,
  type RunEvent,
  type StepPlan,
  snoozesUsed,
} from '@handrail/engine'
import type { Drawn, StepStage } from '@handrail/renderers'
import type { Found, Words } from '@handrail/targets'
import type { Action, Block, Target } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import type { Asked, Play } from './play.ts'
import { createScene, type Scene } from './scene.ts'
import type { Ears, Fire } from './triggers.ts'

/** What tours, surveys and banners have in common: steps that can be closed. */
export interface SequenceStep {
  key?: string
  blocks?: readonly Block[]
  cross?: { show?: boolean; action?: Action }
}

/** How one kind plays its steps. */
export interface Tools<Step extends SequenceStep> {
  steps: readonly Step[]
  plans: readonly StepPlan[]
  showProgress: boolean
  /** Whether seeing it counts for the project's rate limit. */
  counts: boolean
  draw(stage: StepStage<Step>, player: Player): Drawn
  /** The element a step waits for: how long, and what its triggers do when it is drawn. */
  watch?: Ears['watch']
  targetOf?(step: Step): { target: Target; wait: number } | undefined
  arm?: ((step: Step, ears: Ears, fire: Fire) => void) | undefined
}

/** What a renderer's chunk may do to the run beside acting. */
export interface Player {
  scene: Scene
  run(): Run
  dispatch(event: RunEvent): boolean
}

/** Plays one run: the reducer's state, the journal, the drawn step and its triggers. */
export function createSequence<Step extends SequenceStep>(tools: Tools<Step>, asked: Asked): Play {
  const { ports, candidate } = asked
  const { view, guard, journal, now } = ports
  const { steps, plans } = tools
  const page = view.document
  const listeners = new Set<(event?: string) => void>()
  const offs: Dispose[] = []
  let run = asked.from
    ? advance(asked.from, { kind: 'resume' }, plans, now())
    : begin(ports.newId(), candidate.version, plans)
  let target: Element | null = null
  let drawn: Drawn | undefined
  let armed = false
  /** Where the focus went when a card that had it closed; the next one takes it from there. */
  let leftTo: Element | null | undefined

  const stepOf = () => steps[run.step] as Step
  const keyOf = () => stepOf().key ?? candidate.kind
  const finish = (reason: EndReason) => dispatch({ kind: 'end', reason })
  const scene = createScene(asked, run, {
    step: keyOf,
    isLast: () => !plans[run.step + 1],
    goTo: (to) =>
      dispatch({
        kind: 'go_to',
        to: to === 'next' || to === 'previous' ? to : steps.findIndex((each) => each.key === to),
      }),
    finish,
  })
  const player: Player = { scene, run: () => run, dispatch }

  function dispatch(event: RunEvent) {
    const before = run
    run = advance(before, event, plans, now())
    perform(effectsBetween(before, run))
    return run !== before
  }

  /** The journal is written before anything is done, so a reload finds the run where it is going. */
  const effects: Record<Effect, () => void> = {
    journal: () => journal.set(`run:${candidate.key}`, { run, entry: asked.entry, who: ports.who() }),
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

  function hide() {
    if (!drawn) return
    const inside = drawn.card?.matches(':focus-within')
    drawn.close()
    drawn = undefined
    leftTo = inside ? page.activeElement : undefined
  }

  function leaveStep() {
    for (const off of offs.splice(0)) off()
    hide()
  }

  function arrive() {
    target = null
    armed = false
    const asks = tools.targetOf?.(stepOf())
    if (asks) watchTarget(asks.target, asks.wait * 1000)
  }

  function watchTarget(sought: Target, wait: number) {
    let waiting = 0
    let had = false
    let why = ''
    let left = false
    let off: Dispose | undefined
    // Known before the watch begins: what it finds at once may already lead on to another step.
    offs.push(() => {
      left = true
      off?.()
      view.clearTimeout(waiting)
    })
    const late = guard(() => {
      scene.tell('target_missing', { step: keyOf(), reason: why === 'none' ? (had ? 'gone' : 'never_found') : why })
      dispatch({ kind: 'wait_over' })
    })
    off = tools.watch?.(
      page,
      sought,
      scene.words,
      guard((found: Found) => {
        if ('element' in found) {
          view.clearTimeout(waiting)
          waiting = 0
          had = true
          target = found.element
          if (drawn) drawn.move(found.element)
          else dispatch({ kind: 'target_found' })
        } else {
          why = found.missing
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

  function drawStep() {
    const step = stepOf()
    const snooze = snoozeIn(step)
    const snoozeLeft = !snooze || snoozesUsed(scene.state()) < (snooze.up_to ?? 3)
    const cross =
      step.cross?.show === false ? null : step.cross?.action?.type === 'snooze' && snoozeLeft ? 'snooze' : 'dismiss'
    const stage: StepStage<Step> = {
      ...scene.stage(),
      content: step,
      index: run.step,
      count: steps.length,
      showProgress: tools.showProgress,
      entered: page.activeElement === leftTo,
      target,
      cross,
      snoozeLeft,
      seen() {
        scene.seen(tools.counts)
        scene.tell('step_seen', { step: keyOf(), step_index: run.step })
      },
    }
    try {
      drawn = tools.draw(stage, player)
    } catch (problem) {
      scene.tell('experience_failed', { reason: String(problem).slice(0, 200) })
      finish('failed')
      return
    }
    // A step that is drawn again, because its target was made anew, goes on listening as it was.
    if (armed || !tools.arm) return
    armed = true
    const ears: Ears = {
      asked,
      words: scene.words as Words,
      target: () => target,
      watch: tools.watch as Ears['watch'],
      listen(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      offs,
    }
    tools.arm(step, ears, (at, then) => {
      if (dispatch({ kind: 'trigger', at })) scene.act(then, 'trigger')
    })
  }

  function record() {
    scene.ended(run.reason as EndReason, tools.counts)
    journal.remove(`run:${candidate.key}`)
  }

  perform(effectsBetween(undefined, run))
  return {
    heard(event) {
      for (const listen of [...listeners]) listen(event)
    },
    end: finish,
    stop() {
      leaveStep()
    },
  }
}

function snoozeIn(step: SequenceStep): Extract<Action, { type: 'snooze' }> | undefined {
  const stacks = (step.blocks ?? []).flatMap((block) => (block.type === 'button' ? (block.actions ?? []) : []))
  return [step.cross?.action, ...stacks].find((action) => action?.type === 'snooze') as
    | Extract<Action, { type: 'snooze' }>
    | undefined
}
