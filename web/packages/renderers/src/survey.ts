import type { AnswerValue } from '@handrail/engine'
import type { Placement, SurveyStep } from '@handrail/wire'
import { make } from './blocks.ts'
import { drawFoot, nameCard, parted, STANDING, stand } from './card.ts'
import { drawField, FIELDS, type Field, isQuestion } from './fields.ts'
import type { Dispose, Drawn, StepStage } from './stage.ts'
import { sheetFor } from './style.ts'
import { assist, mount, trap, watchEscape, watchSeen } from './surface.ts'

export { openBooking } from './booking.ts'

const OWN = `${STANDING}
.card{width:min(max(var(--width),420px),100vw - 24px)}
.card.modal{width:min(max(var(--width),520px),100vw - 24px)}
.body{gap:10px}
.bar{position:absolute;inset:0 0 auto;height:3px;background:var(--border);border-radius:var(--radius) var(--radius) 0 0;overflow:hidden}
.bar i{display:block;height:100%;background:var(--primary)}
@media(max-width:559px){.card.corner,.card.modal{inset:auto 0 var(--keyboard,0)!important;width:auto;max-height:calc(85dvh - var(--keyboard,0px));border-radius:var(--radius) var(--radius) 0 0;border-width:1px 0 0;padding-block-end:calc(20px + env(safe-area-inset-bottom))}button,.choice{min-height:44px}.foot .buttons button{flex:1}.foot .buttons{width:100%}}
${FIELDS}`

/** Milliseconds in which a step that was not touched yet takes no answer. */
const SETTLE = 500

/** An answer as the reader left it: what they chose, and their own words beside `other`. */
export interface Filled {
  answer: AnswerValue
  words?: string | undefined
}

/** What a survey's step is drawn with beside its stage. */
export interface Hands {
  form: 'modal' | 'snippet'
  placement: Placement
  /** Steps that count for the progress: thanks do not. */
  count: number
  /** What was answered here before, or only filled in. */
  before: Filled | undefined
  /** Varies the order of options, the same for the whole run. */
  seed: string
  /** The reader has used the survey already: focus goes with them. */
  entered: boolean
  /** Notes what is filled in, so that going back finds it again. */
  keep(filled: Filled): void
  /** The step's own button: an answer, or nothing where the step asks none. */
  submit(filled?: Filled): void
}

/** Draws one step of a survey: a question with its field, words, an invitation, or thanks. */
export function draw(stage: StepStage<SurveyStep>, hands: Hands): Drawn {
  const step = stage.content
  const modal = hands.form === 'modal'
  const surface = mount(stage, sheetFor(stage.theme, OWN))
  const [blocks, buttons] = parted(stage, step.blocks ?? [])
  const body = make(stage, 'div', 'body', ...blocks)
  const card = make(stage, 'form', `card${modal ? ' modal' : ''}`, body)
  card.noValidate = true
  const field = isQuestion(step) ? drawQuestion(stage, hands, body, step) : undefined
  const own = ownButton(stage, !!body.querySelector('button') || buttons.length > 0)
  if (own) buttons.push(own)
  const shown = { ...stage, showProgress: stage.showProgress && step.type !== 'thank_you' }
  drawFoot(shown, card, buttons, hands.count)
  if (shown.showProgress && hands.count > 1) {
    const bar = make(stage, 'div', 'bar', make(stage, 'i'))
    ;(bar.firstChild as HTMLElement).style.width = `${((stage.index + 1) / hands.count) * 100}%`
    card.prepend(bar)
  }
  nameCard(stage, card, body, step.name, modal)
  let origin: HTMLElement | undefined
  const view = stage.document.defaultView ?? window
  const enter = (event: FocusEvent) => {
    const from = event.relatedTarget
    if (from instanceof HTMLElement && event.composedPath().includes(card)) origin = from
  }
  // On the window, where we hear it before it is kept from the page.
  view.addEventListener('focus', enter, true)
  const ready = hands.entered ? performance.now() + SETTLE : 0
  let changed = false
  body.addEventListener('input', () => {
    changed = true
  })
  card.addEventListener(
    'submit',
    stage.guard((event: Event) => {
      event.preventDefault()
      // The second click of a double click belongs to the step before.
      if (!own || (!changed && event.timeStamp < ready)) return
      const filled = field?.read()
      if (!field || filled) hands.submit(filled)
    }),
  )
  const offs: Dispose[] = [
    ...stand(stage, surface, card, hands.form, hands.placement),
    () => surface.close(),
    () => view.removeEventListener('focus', enter, true),
  ]
  if (modal) offs.push(trap(stage, card))
  offs.push(
    watchEscape(stage, surface.root, modal),
    watchSeen(stage, card, stage.seen),
    assist(stage, surface.root, card, modal || hands.entered),
  )
  return {
    move() {
      // A survey points at nothing.
    },
    close() {
      const inside = surface.root.activeElement
      for (const off of offs) off()
      if (inside) origin?.focus({ preventScroll: true })
    },
  }
}

/** Title, text and field, below the blocks. */
function drawQuestion(
  stage: StepStage<SurveyStep>,
  hands: Hands,
  body: HTMLElement,
  step: Extract<SurveyStep, { title: unknown }>,
): Field {
  body.append(make(stage, 'h2', '', stage.text(step.title)))
  if (step.text) body.append(...parted(stage, [{ type: 'paragraph', text: step.text }])[0])
  const field = drawField(stage, hands, step)
  body.append(...field.elements)
  return field
}

/** The button that is ours: of questions always, of other steps where their author gave them none. */
function ownButton(stage: StepStage<SurveyStep>, has: boolean): HTMLButtonElement | undefined {
  const step = stage.content
  const asks = isQuestion(step)
  if ((!asks && has) || step.type === 'book_interview') return undefined
  const last = stage.index + 1 >= stage.count
  const label =
    asks && step.submit
      ? stage.text(step.submit)
      : step.type === 'thank_you'
        ? stage.word('done', 'Done')
        : asks && last
          ? stage.word('send', 'Send')
          : stage.word('next', 'Next')
  const button = make(stage, 'button', 'primary', label)
  button.type = 'submit'
  return button
}
