import type { Found, Words } from '@handrail/targets'
import type { ProgressCondition, Target } from '@handrail/wire'
import type { Dispose, Guard } from './guard.ts'

/** What a step's triggers listen to. */
export interface Ears {
  view: Window & typeof globalThis
  guard: Guard
  words: Words
  /** The step's own target. */
  target(): Element | null
  find(root: Document, target: Target, words: Words): Found
  watch(root: Document, target: Target, words: Words, report: (found: Found) => void): Dispose
  onPage(rule: Extract<ProgressCondition, { on: 'url' }>['rule']): boolean
  /** Registers what is told each event, and nothing when the address changed. */
  listen(listener: (event?: string) => void): Dispose
}

/** If/then on a step: fires once, when every condition has held since the step was shown. Returns the off switch. */
export function arm(conditions: readonly ProgressCondition[], ears: Ears, fire: () => void): Dispose {
  const { view, guard, words } = ears
  const page = view.document
  const open = new Set(conditions)
  const offs: Dispose[] = []
  const held = (condition: ProgressCondition) => {
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
          const found = condition.target ? ears.find(page, condition.target, words) : undefined
          const element = found ? ('element' in found ? found.element : null) : ears.target()
          if (element && event.composedPath().includes(element)) held(condition)
        })
        page.addEventListener('click', listen, true)
        offs.push(() => page.removeEventListener('click', listen, true))
        break
      }
      case 'url':
      case 'event': {
        const listen = guard((event?: string) => {
          if (condition.on === 'event' ? event === condition.event : !event && ears.onPage(condition.rule))
            held(condition)
        })
        offs.push(ears.listen(listen))
        // The address may match already; no event happened by that.
        listen()
        break
      }
      default:
        offs.push(
          ears.watch(page, condition.target, words, (found) => {
            const there = 'element' in found
            const element = there ? (found.element as HTMLInputElement) : undefined
            const filled = !!element && 'value' in element && element.value !== ''
            if (condition.fact === 'filled' ? filled : condition.fact === 'absent' ? !there : there) held(condition)
          }),
        )
    }
  }
  return () => {
    for (const off of offs) off()
  }
}
