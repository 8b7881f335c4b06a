import type { Found, Words } from '@handrail/targets'
import type { Action, ProgressCondition, Step, Target } from '@handrail/wire'
import { elementState, elementUsed } from './elements.ts'
import type { Dispose } from './guard.ts'
import type { Asked } from './play.ts'
import { scrollDepth } from './scrolling.ts'

/** In this chunk as well: whoever has no triggers rarely asks for elements. */
export { elementsIn, watchUses } from './uses.ts'

/** What a step's triggers listen to. */
export interface Ears {
  asked: Asked
  words: Words
  /** The step's own target. */
  target(): Element | null
  watch(root: Document, target: Target, words: Words, report: (found: Found) => void): Dispose
  /** Registers what is told each event and, without a name, that the address or something else changed. */
  listen(listener: (event?: string) => void): Dispose
  /** What is called when the step is left. */
  offs: Dispose[]
}

/** A progress condition, by its word. */
export type Waits<On extends ProgressCondition['on']> = Extract<ProgressCondition, { on: On }>

/** Is told which trigger of a step fires, and what it does. */
export type Fire = (at: number, then: readonly Action[]) => void
/** Arms the triggers of a step: each fires once, when every one of its conditions has held since the step was shown. */
export type Arm = (step: Step, ears: Ears, fire: Fire) => void

type Attributes = typeof import('./attributes.ts')

/** What arms the triggers of these steps; what few of them ask for is loaded. */
export async function armWith(steps: readonly Step[]): Promise<Arm> {
  const asks = (step: Step) => step.triggers?.some(({ when }) => when.some(({ on }) => on === 'attribute'))
  const attributes = steps.some(asks) ? await import('./attributes.ts') : undefined
  return (step, ears, fire) => {
    let left = false
    ears.offs.push(() => {
      left = true
    })
    step.triggers?.forEach(({ when, then }, at) => {
      const open = new Set(when)
      when.forEach((condition, number) => {
        // What holds already may have led on to another step, which armed its own.
        if (left) return
        const place = { own: step.target, name: `${step.key}/${at}/${number}`, attributes }
        const off = hear(condition, ears, place, () => {
          if (open.delete(condition) && !open.size) fire(at, then)
        })
        if (left) off()
        else ears.offs.push(off)
      })
    })
  }
}

interface Place {
  /** The target that a condition without one means. */
  own: Target | undefined
  /** What the server calls this condition. */
  name: string
  attributes: Attributes | undefined
}

/** Reports when a condition has come to hold. Returns the off switch. */
function hear(condition: ProgressCondition, ears: Ears, place: Place, report: () => void): Dispose {
  const { ports, candidate } = ears.asked
  switch (condition.on) {
    case 'element_clicked':
    case 'element_hovered':
      return elementUsed(condition, ears, report, place.own)
    case 'element_state':
      return elementState(condition, ears, report)
    case 'scroll_depth':
      return scrollDepth(condition, ears, report)
    case 'event':
      return ears.listen((event) => {
        if (event === condition.event) report()
      })
    case 'delay': {
      const timer = ports.view.setTimeout(ports.guard(report), condition.seconds * 1000)
      return () => ports.view.clearTimeout(timer)
    }
    case 'url':
      return whenever(() => ports.onPage(condition.rule, candidate), ears, report)
    case 'attribute':
      return whenever(() => !!place.attributes?.isSo(condition, ears.asked), ears, report)
    case 'survey_answered':
      return whenever(() => isAnswered(ears.asked, place.name), ears, report)
  }
}

/** Asks now, and again whenever something changed that no event tells of. */
function whenever(holds: () => boolean, ears: Ears, report: () => void): Dispose {
  const look = ears.asked.ports.guard((event?: string) => {
    if (!event && holds()) report()
  })
  const off = ears.listen(look)
  look()
  return off
}

/** What the server said last: an empty `all` holds. */
function isAnswered({ ports, candidate }: Asked, name: string): boolean {
  const known = ports.reply()?.candidates.find(({ key }) => key === candidate.key) ?? candidate
  const left = known.tasks?.[name]
  return !!left && 'all' in left && !left.all.length
}
