/**
 * Answers: what is kept of them, and which condition of a survey's step decides. `spec/cases/surveys` is the authority.
 * Comparisons mean what the operator table says; dates and patterns are no answers, so their rows stay away.
 */

import type { AnswerTest, SurveyCondition } from '@handrail/wire'
import type { AnswerValue, Given, Run } from './run.ts'

type Value = NonNullable<AnswerTest['value']>
type Scalar = string | number | boolean

/** The index of the first condition that holds, -1 when the step's `otherwise` decides. `own`: the step's key. */
export function deciding(conditions: readonly SurveyCondition[], key: string, run: Pick<Run, 'answers'>): number {
  // A condition that asks nothing never holds, as a trigger without conditions never fires.
  return conditions.findIndex(
    ({ when }) => when.length > 0 && when.every((test) => passes(test, answerOf(run, test.question ?? key))),
  )
}

/** What a question was answered in this run; null for nothing. */
export const answerOf = (run: Pick<Run, 'answers'>, question: string): AnswerValue =>
  givenTo(run, question)?.answer ?? null

/** What the run keeps of a question's answer. Own members only: a question may be called `constructor`. */
export function givenTo({ answers = {} }: Pick<Run, 'answers'>, question: string): Given | undefined {
  return Object.hasOwn(answers, question) ? answers[question] : undefined
}

/** Whether an answer passes a test. */
export function passes({ operator, value }: AnswerTest, answer: AnswerValue): boolean {
  // What is asked by a negative operator holds exactly where its opposite does not, missing answers included.
  const opposite = OPPOSITE[operator]
  if (opposite) return !passes({ operator: opposite, value: value as Value }, answer)
  if (operator === 'is_set' || operator === 'is_empty') {
    const empty = answer === null || answer === '' || (Array.isArray(answer) && !answer.length)
    return value == null && (operator === 'is_set' ? answer !== null : empty)
  }
  if (typeof answer === 'number') return holdsFor(operator, answer, value)
  if (Array.isArray(answer)) {
    const given = answer.map(normal)
    const has = (each: Scalar) => given.includes(normal(each) as string)
    const wanted = Array.isArray(value) ? (value as Scalar[]) : undefined
    return (operator === 'has_any' && wanted?.some(has)) || (operator === 'has_all' && wanted?.every(has)) || false
  }
  if (typeof answer !== 'string') return false
  const text = normal(answer) as string
  if (Array.isArray(value))
    return operator === 'one_of' && value.every(isText) && (value as string[]).map(normal).includes(text)
  if (!isText(value)) return false
  const wanted = normal(value) as string
  return operator === 'is' ? text === wanted : operator === 'contains' && text.includes(wanted)
}

const OPPOSITE: Partial<Record<AnswerTest['operator'], AnswerTest['operator']>> = {
  is_not: 'is',
  none_of: 'one_of',
  not_contains: 'contains',
  has_none: 'has_any',
  '!=': '=',
}

const isText = (value: unknown): value is string => typeof value === 'string'
const normal = (value: Scalar): Scalar => (isText(value) ? value.normalize() : value)

function holdsFor(operator: AnswerTest['operator'], answer: number, value: AnswerTest['value']): boolean {
  const [low, high] = Array.isArray(value) ? value : [value, value]
  if (typeof low !== 'number' || typeof high !== 'number') return false
  if (operator === 'between') return Array.isArray(value) && value.length === 2 && low <= answer && answer <= high
  if (Array.isArray(value)) return false
  switch (operator) {
    case '=':
      return answer === low
    case '<':
      return answer < low
    case '<=':
      return answer <= low
    case '>':
      return answer > low
    case '>=':
      return answer >= low
    default:
      return false
  }
}

/** What the run keeps of an answer; nothing when it says what is kept already, as a second click does. */
export function givenAnew(run: Run, question: string, answer: AnswerValue, at: number, words = ''): Given | undefined {
  const before = givenTo(run, question)
  if (JSON.stringify(before?.answer ?? null) === JSON.stringify(answer) && (before?.words ?? '') === words)
    return undefined
  return { answer, ...(words ? { words } : {}), at, count: (before?.count ?? 0) + 1 }
}

/** The id of the event that says an answer: the same whenever it is said again. */
export const answerId = (run: Run, step: number, { count }: Given): string => `${run.id}.${step}.${count}`
