import { answerId, deciding, type Given, givenAnew, givenTo } from '@handrail/engine'
import { draw, type Filled, openBooking } from '@handrail/renderers/survey'
import type { Action, BookInterviewStep, SurveyContent, SurveyStep } from '@handrail/wire'
import type { Dispose } from '../guard.ts'
import type { Asked, Play } from '../play.ts'
import { createSequence, type Player } from '../sequence.ts'

/** Plays surveys: questions that are answered once, whatever happens in between, and the conditions between them. */
export function play(asked: Asked): Play {
  const { ports, candidate, content } = asked
  const survey = content.content as SurveyContent
  const steps = survey.steps.map(closing)
  const filledIn = new Map<string, Filled>()
  let resumed = !!asked.from
  let entered = false
  let booking: Dispose | undefined

  const sequence = createSequence<SurveyStep>(
    {
      steps,
      plans: steps.map(({ type }) => ({ needsTarget: false, missing: 'float', completes: type === 'thank_you' })),
      showProgress: survey.show_progress !== false,
      counts: true,
      draw(stage, player) {
        const step = stage.content
        const { scene } = player
        const given = givenTo(player.run(), step.key)
        // After a reload in the midst of it, what was answered here may not have been said yet; once more does no harm.
        if (given && resumed) say(player, step, given)
        resumed = false
        const act: typeof stage.act = (actions, by, button) => {
          entered = true
          scene.act(actions, by, button)
          if (actions[0]?.type === 'book_interview') book(step as BookInterviewStep, player)
        }
        return draw(
          {
            ...stage,
            act,
            seen() {
              stage.seen()
              if (step.type === 'thank_you') thank(player)
            },
          },
          {
            form: survey.form ?? 'snippet',
            placement: survey.placement ?? 'bottom_end',
            count: steps.filter(({ type }) => type !== 'thank_you').length,
            before: filledIn.get(step.key) ?? given,
            seed: player.run().id + step.key,
            entered,
            keep: (filled) => void filledIn.set(step.key, filled),
            submit(filled) {
              entered = true
              if (filled) answer(player, step, filled)
              if (step.type === 'thank_you') act([{ type: 'go_to_step', step: 'complete' }], 'cta')
              else lead(player, step)
            },
          },
        )
      },
    },
    asked,
  )

  /** Writes an answer down before it is said; said again after a crash, it is the same event. */
  function answer(player: Player, step: SurveyStep, { answer: value, words }: Filled) {
    const given = givenAnew(player.run(), step.key, value, ports.now(), words)
    filledIn.delete(step.key)
    if (!given) return
    player.dispatch({ kind: 'answer', question: step.key, given })
    say(player, step, given)
  }

  function say(player: Player, step: SurveyStep, given: Given) {
    const { answer: value, words, at } = given
    player.scene.tell(
      'question_answered',
      { step: step.key, answer: value, ...(words ? { words } : {}) },
      { messageId: answerId(player.run(), steps.indexOf(step), given), timestamp: new Date(at).toISOString() },
    )
    ports.ledger.note(candidate.key, { answered: at, last_seen: at })
  }

  /** Goes on: by the first condition that holds, and by the fallback where that led nowhere (RULES 26). */
  function lead({ scene, run }: Player, step: SurveyStep) {
    const before = run()
    const then = step.conditions?.[deciding(step.conditions, step.key, before)]?.then
    if (then) scene.act(then, 'condition')
    const stays = run().status !== 'ended' && run().moves === before.moves
    if (stays) scene.act([{ type: 'go_to_step', ...step.otherwise } as Action], 'condition')
  }

  /** The thank-you step was seen: the survey is completed, however it is closed. */
  function thank({ scene, run }: Player) {
    const at = ports.now()
    ports.ledger.note(candidate.key, { completed: at, last_seen: at })
    scene.tell('experience_completed', {}, { messageId: `${run().id}.completed` })
  }

  function book(step: BookInterviewStep, { scene }: Player) {
    const stage = scene.stage()
    const address = stage.href(step.link)
    booking?.()
    if (address)
      booking = openBooking(stage, step.provider, address, () => scene.tell('frame_blocked', { step: step.key }))
    else scene.tell('navigation_cancelled', { reason: 'missing_value' })
  }

  return {
    ...sequence,
    stop() {
      booking?.()
      sequence.stop()
    },
  }
}

/** A step of thanks is closed as completed: there is nothing left to refuse. */
function closing(step: SurveyStep): SurveyStep {
  if (step.type !== 'thank_you') return step
  return { ...step, cross: { ...step.cross, action: { type: 'go_to_step', step: 'complete' } } }
}
