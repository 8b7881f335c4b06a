import type { AnswerValue } from '@handrail/engine'
import type { MultipleChoice, Option, SingleChoice, Slider, SurveyStep } from '@handrail/wire'
import { make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import type { StepStage } from './stage.ts'
import type { Filled, Hands } from './survey.ts'

export const FIELDS = `
fieldset{border:0;margin:4px 0 0;padding:0;min-width:0}
.field{display:grid;gap:8px;margin-top:4px}
.scale{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:4px}
.scale.long{gap:3px}
.scale label{position:relative;display:grid;place-items:center;min-height:40px;border:1px solid var(--border);border-radius:calc(var(--radius) - 2px);font-weight:600;font-size:14px;font-variant-numeric:tabular-nums}
.scale input{position:absolute;inset:0;width:100%;height:100%;margin:0;appearance:none;border-radius:inherit;cursor:pointer}
.scale label:hover{border-color:var(--primary)}
.scale label:has(:checked){background:var(--primary);border-color:var(--primary);color:var(--on-primary)}
.field:has(.marks){width:fit-content;min-width:0}
.scale.marks{grid-auto-columns:44px;justify-content:space-between;gap:0;margin-inline:-8px}
.scale.marks label,.scale.marks label:has(:checked){border-color:transparent;background:none;color:var(--muted);min-height:44px}
.scale.marks svg{width:28px;height:28px}
.scale.marks label:has(:checked),.scale.fill label:has(~label :checked),.scale.fill:has(label:hover) label:is(:hover,:has(~label:hover)){color:var(--primary)}
.scale.fill label:has(:checked) path,.scale.fill label:has(~label :checked) path{fill:currentColor}
.scale.face label:has(:checked){background:color-mix(in srgb,var(--primary) 14%,transparent)}
.ends{display:flex;justify-content:space-between;gap:16px;font-size:13px;color:var(--muted)}
.ends span+span{text-align:end}
.choice{position:relative;display:flex;align-items:center;gap:10px;min-height:40px;padding:7px 12px;border:1px solid var(--border);border-radius:calc(var(--radius) - 2px);cursor:pointer;overflow-wrap:anywhere}
.choice:hover{border-color:var(--primary)}
.choice:has(:checked){border-color:var(--primary);background:color-mix(in srgb,var(--primary) 9%,transparent)}
.choice input{flex:none;width:18px;height:18px;margin:0;accent-color:var(--primary)}
input.text,textarea{width:100%;box-sizing:border-box;min-height:40px;margin:0;padding:8px 12px;font:400 16px/1.4 var(--font);color:inherit;background:none;border:1px solid color-mix(in srgb,var(--text) 55%,transparent);border-radius:calc(var(--radius) - 2px)}
textarea{min-height:96px;resize:vertical}
::placeholder{color:var(--muted);opacity:1}
.slide{display:flex;align-items:center;gap:12px}
.slide input{flex:1;min-width:0;height:32px;margin:0;appearance:none;background:none;border-radius:8px;cursor:pointer;--to:right}
[dir=rtl] .slide input{--to:left}
::-webkit-slider-runnable-track{height:6px;border-radius:3px;background:linear-gradient(to var(--to),var(--primary) var(--fill),color-mix(in srgb,var(--text) 22%,transparent) 0)}
::-moz-range-track{height:6px;border-radius:3px;background:linear-gradient(to var(--to),var(--primary) var(--fill),color-mix(in srgb,var(--text) 22%,transparent) 0)}
::-webkit-slider-thumb{appearance:none;width:22px;height:22px;margin-top:-8px;border-radius:50%;background:var(--surface);border:2px solid var(--primary);box-shadow:0 1px 3px rgb(15 18 28/.3)}
::-moz-range-thumb{box-sizing:border-box;width:22px;height:22px;border-radius:50%;background:var(--surface);border:2px solid var(--primary);box-shadow:0 1px 3px rgb(15 18 28/.3)}
.touched::-webkit-slider-thumb{background:var(--primary)}
.touched::-moz-range-thumb{background:var(--primary)}
output{min-width:3ch;font-weight:650;text-align:end;font-variant-numeric:tabular-nums}
.error{font-size:14px;font-weight:600;color:var(--text);border-inline-start:3px solid #d92d20;padding-inline-start:8px}
.error:empty{position:absolute;border:0}
@media(max-width:430px){.scale.long{grid-auto-flow:row;grid-template-columns:repeat(6,1fr);gap:6px}.scale label{min-height:44px}}
@media(forced-colors:active){::-webkit-slider-runnable-track{border:1px solid}::-moz-range-track{border:1px solid}.touched::-webkit-slider-thumb{background:Highlight}.bar i{background:Highlight}.scale label:has(:checked){background:Highlight;color:HighlightText;forced-color-adjust:none}}
`

type Question = Extract<SurveyStep, { title: unknown }>
type Stage = StepStage<SurveyStep>
type Choice = SingleChoice | MultipleChoice

/** What stands below a question. `read` gives what is filled in, or says what is wrong and gives nothing. */
export interface Field {
  elements: HTMLElement[]
  read(): Filled | undefined
}

/** A kind of field before it is wrapped: the elements, what they hold, and what has to be told apart from a mistake. */
interface Inner {
  elements: HTMLElement[]
  /** What errors are tied to, and gets focus when there is one. */
  focus: HTMLElement
  filled(): Filled
  wrong?(filled: Filled): string | undefined
}

export const isQuestion = (step: SurveyStep): step is Question => 'title' in step

/** The field of a question, with the place where errors are said. */
export function drawField(stage: Stage, hands: Hands, step: Question): Field {
  const inner = innerOf(stage, hands, step)
  const error = make(stage, 'p', 'error')
  error.id = 'error'
  error.role = 'alert'
  const field = make(stage, 'div', 'field', ...inner.elements)
  const invalid = (text: string) => {
    error.textContent = text
    if (text) inner.focus.setAttribute('aria-invalid', 'true')
    else inner.focus.removeAttribute('aria-invalid')
  }
  for (const type of ['input', 'change', 'click'])
    field.addEventListener(
      type,
      stage.guard(() => {
        hands.keep(inner.filled())
        if (error.textContent) invalid('')
      }),
    )
  return {
    elements: [field, error],
    read() {
      const filled = inner.filled()
      const { answer } = filled
      const text =
        answer === null && step.required
          ? stage.word('needed', 'Please answer this question.')
          : answer === null
            ? undefined
            : inner.wrong?.(filled)
      invalid(text ?? '')
      if (!text) return filled
      const first = inner.focus.matches('input,textarea') ? inner.focus : inner.focus.querySelector('input')
      first?.focus()
      return undefined
    },
  }
}

function innerOf(stage: Stage, hands: Hands, step: Question): Inner {
  switch (step.type) {
    case 'nps':
      return drawScale(stage, hands, 0, 10)
    case 'opinion_scale':
      return drawScale(stage, hands, step.least ?? 1, step.most ?? 5)
    case 'rating':
      return drawScale(stage, hands, 1, step.most ?? 5, step.shape ?? 'star')
    case 'slider':
      return drawSlider(stage, hands, step)
    case 'open_text':
      return drawText(stage, hands, step)
    default:
      return drawChoice(stage, hands, step)
  }
}

const STAR = 'm7 1.2 1.8 3.7 4 .6-2.9 2.8.7 4L7 10.4l-3.6 1.9.7-4L1.2 5.5l4-.6z'
const HEART = 'M7 12.3C3.5 9.7 1.3 7.7 1.3 5.1a2.9 2.9 0 0 1 5.7-1 2.9 2.9 0 0 1 5.7 1c0 2.6-2.2 4.6-5.7 7.2z'

/** A face from sad to glad: the mouth bends with its place among the others, from 0 to 1. */
const face = (place: number) =>
  `M7 1.3a5.7 5.7 0 1 0 0 11.4A5.7 5.7 0 0 0 7 1.3M5.2 5.4v.4M8.8 5.4v.4M4.6 ${9.6 - place}Q7 ${7.2 + place * 4} 9.4 ${9.6 - place}`

/** Numbers as native radios: arrows move among them, Tab passes them as one, digits choose at once. */
function drawScale(stage: Stage, hands: Hands, least: number, most: number, shape?: string): Inner {
  const radios: HTMLInputElement[] = []
  const labels = Array.from({ length: most - least + 1 }, (_, at) => {
    const value = least + at
    const radio = input(stage, 'radio', `${value}`)
    radio.ariaLabel = stage.word('out_of', '# out of #', value, most)
    radio.checked = hands.before?.answer === value
    radios.push(radio)
    const mark = !shape
      ? make(stage, 'span', '', `${value}`)
      : drawIcon(stage, shape === 'star' ? STAR : shape === 'heart' ? HEART : face(at / Math.max(1, most - least)))
    return make(stage, 'label', '', radio, mark)
  })
  const marks = shape ? ` marks ${shape === 'face' ? shape : 'fill'}` : labels.length > 7 ? ' long' : ''
  const scale = make(stage, 'div', `scale${marks}`, ...labels)
  const group = drawGroup(stage, 'radiogroup', [scale])
  let typed = ''
  let last = 0
  group.addEventListener(
    'keydown',
    stage.guard((event: KeyboardEvent) => {
      if (!/^\d$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return
      // Two digits in a second are one number where the scale has it.
      typed = (event.timeStamp - last < 1000 ? typed : '') + event.key
      last = event.timeStamp
      const found = (digits: string) => radios.find((radio) => radio.value === digits)
      const radio = found(typed) ?? found((typed = event.key))
      radio?.focus()
      radio?.click()
    }),
  )
  const ends = drawEnds(stage)
  // Each end is said by the radio it belongs to.
  for (const [radio, id] of [
    [radios[0], 'low'],
    [radios.at(-1), 'high'],
  ] as const)
    if (ends?.querySelector(`#${id}`)?.textContent) radio?.setAttribute('aria-describedby', id)
  return {
    elements: ends ? [group, ends] : [group],
    focus: group,
    filled: () => ({ answer: numberOr(radios.find((radio) => radio.checked)?.value) }),
  }
}

const numberOr = (text: string | undefined) => (text === undefined ? null : Number(text))

/** What the lowest and the highest answer mean. */
function drawEnds(stage: Stage): HTMLElement | undefined {
  const { low, high } = stage.content as Slider
  if (!low && !high) return undefined
  const spans = [low, high].map((text, at) => {
    const span = make(stage, 'span', '', text ? stage.text(text) : '')
    span.id = at ? 'high' : 'low'
    return span
  })
  return make(stage, 'div', 'ends', ...spans)
}

function input(stage: Stage, type: string, value: string): HTMLInputElement {
  const made = make(stage, 'input')
  made.type = type
  made.value = value
  // Only radios have a name: it makes them one group.
  if (type === 'radio') made.name = 'answer'
  return made
}

/** Names a group of inputs by the question and ties its text and its errors to it. */
function drawGroup(stage: Stage, role: string, children: Node[]): HTMLElement {
  const group = make(stage, 'fieldset', '', ...children)
  group.role = role
  return describe(stage, group)
}

function describe<E extends HTMLElement>(stage: Stage, element: E): E {
  const step = stage.content as Question
  element.setAttribute('aria-labelledby', 'title')
  element.setAttribute('aria-describedby', step.text ? 'text error' : 'error')
  if (step.required && element.role !== 'group') element.ariaRequired = 'true'
  return element
}

/** Options as native radios or checkboxes, digits choosing the first nine; `other` opens a line for own words. */
function drawChoice(stage: Stage, hands: Hands, step: Choice): Inner {
  const several = step.type === 'multiple_choice'
  const { answer, words } = hands.before ?? { answer: null }
  const kept: readonly unknown[] = Array.isArray(answer) ? answer : [answer]
  const options: Option[] = [...step.options]
  if (step.shuffle) options.sort((one, other) => hash(hands.seed + one.key) - hash(hands.seed + other.key))
  const labels = [...options, ...(step.other ? [{ key: 'other', label: stage.word('other', 'Other') }] : [])]
  const inputs = labels.map(({ key }) => {
    const made = input(stage, several ? 'checkbox' : 'radio', key)
    made.checked = kept.includes(key)
    return made
  })
  const rows = labels.map(({ label }, at) =>
    make(stage, 'label', 'choice', inputs[at] as Node, make(stage, 'span', '', stage.text(label))),
  )
  const group = drawGroup(stage, several ? 'group' : 'radiogroup', [make(stage, 'div', 'field', ...rows)])
  const elements: HTMLElement[] = [group]
  const own = step.other ? inputs.at(-1) : undefined
  const line = make(stage, 'input', 'text')
  if (own) {
    line.maxLength = 500
    line.value = words ?? ''
    line.ariaLabel = stage.word('own_words', 'In your own words')
    line.placeholder = line.ariaLabel
    const show = () => {
      line.hidden = !own.checked
    }
    show()
    group.addEventListener('change', stage.guard(show))
    elements.push(line)
  }
  group.addEventListener(
    'keydown',
    stage.guard((event: KeyboardEvent) => {
      const chosen = /^[1-9]$/.test(event.key) ? inputs[Number(event.key) - 1] : undefined
      chosen?.focus()
      chosen?.click()
    }),
  )
  return {
    elements,
    focus: group,
    filled() {
      const keys = inputs.filter((each) => each.checked).map((each) => each.value)
      const found: AnswerValue = several ? (keys.length ? keys : null) : (keys[0] ?? null)
      return { answer: found, words: own?.checked ? line.value.trim() : undefined }
    },
    wrong({ answer: chosen }) {
      if (!several) return undefined
      const { least = 0, most = 0 } = step
      const count = (chosen as string[]).length
      if (count < least) return stage.word('at_least', 'Please choose at least #.', least)
      return most && count > most ? stage.word('at_most', 'Please choose at most #.', most) : undefined
    },
  }
}

/** A number for a text, the same wherever it is asked. */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (const character of text) sum = Math.imul(sum ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return sum
}

function drawText(stage: Stage, hands: Hands, step: Extract<Question, { type: 'open_text' }>): Inner {
  const long = step.long !== false
  const line = make(stage, long ? 'textarea' : 'input', long ? '' : 'text')
  line.maxLength = step.limit ?? 1000
  if (step.placeholder) line.placeholder = stage.text(step.placeholder)
  line.value = typeof hands.before?.answer === 'string' ? hands.before.answer : ''
  describe(stage, line)
  return { elements: [line], focus: line, filled: () => ({ answer: line.value.trim() || null }) }
}

/** A native range. It stands somewhere from the start, so it is answered once it was touched. */
function drawSlider(stage: Stage, hands: Hands, { least = 0, most = 100, step = 1 }: Slider): Inner {
  const range = input(stage, 'range', '')
  range.min = `${least}`
  range.max = `${most}`
  range.step = `${step}`
  const kept = hands.before?.answer
  let touched = typeof kept === 'number'
  range.valueAsNumber = touched ? (kept as number) : least + Math.round((most - least) / 2 / step) * step
  describe(stage, range)
  const ends = drawEnds(stage)
  if (ends) range.setAttribute('aria-describedby', `${range.getAttribute('aria-describedby')} low high`)
  const value = make(stage, 'output')
  const show = () => {
    value.textContent = touched ? range.value : '–'
    range.classList.toggle('touched', touched)
    // Nothing is filled in before it was answered.
    range.style.setProperty('--fill', `${touched ? (100 * (range.valueAsNumber - least)) / (most - least) : 0}%`)
  }
  show()
  const touch = stage.guard(() => {
    touched = true
    show()
  })
  for (const type of ['input', 'click']) range.addEventListener(type, touch)
  const slide = make(stage, 'div', 'slide', range, value)
  return {
    elements: ends ? [slide, ends] : [slide],
    focus: range,
    filled: () => ({ answer: touched ? range.valueAsNumber : null }),
  }
}
