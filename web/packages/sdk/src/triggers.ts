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
export function arm(
  conditions: readonly ProgressCondition[],
  ears: Ears,
  fire: () => void,
  own?: Target | undefined,
): Dispose {
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
          const known = condition.target ? undefined : ears.target()
          // What the page made anew since we looked last is found by its description.
          const sought = known?.isConnected ? undefined : (condition.target ?? own)
          const found = sought && ears.find(page, sought, words)
          const element = found && 'element' in found ? found.element : known
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
        offs.push(watchFact(condition, ears, () => held(condition)))
    }
  }
  return () => {
    for (const off of offs) off()
  }
}

type Fact = Extract<ProgressCondition, { on: 'element_state' }>

const LOOKS = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }
/** What is typed into these is nobody's business, not even whether something is. */
const SECRET = 'input[type=password],[autocomplete*=cc-],[autocomplete~=one-time-code]'

/** Reports that an element has come to be as asked: there, away, in sight, or filled by someone who went on from it. */
function watchFact({ fact, target }: Fact, { view, guard, words, watch }: Ears, report: () => void): Dispose {
  const page = view.document
  let element: Element | undefined
  let inSight = false
  const look = guard(() => {
    if (fact === 'visible' && inSight && element?.checkVisibility(LOOKS)) report()
  })
  const sight = new view.IntersectionObserver(
    guard((entries) => {
      inSight = entries.some((each) => each.isIntersecting)
      look()
    }),
  )
  const left = guard((event: Event) => {
    if (element && event.composedPath().includes(element) && isFilled(element)) report()
  })
  const heard = fact === 'visible' ? ['transitionend', 'animationend'] : fact === 'filled' ? ['change', 'focusout'] : []
  const listen = fact === 'visible' ? look : left
  for (const type of heard) page.addEventListener(type, listen, true)
  const off = watch(page, target, words, (found) => {
    element = 'element' in found ? found.element : undefined
    sight.disconnect()
    inSight = false
    if (fact === 'absent' ? !element : fact === 'present' && element) report()
    else if (element && fact === 'visible') sight.observe(element)
    // Filled before the step came, and nobody is at it.
    else if (element && fact === 'filled' && !element.contains(page.activeElement) && isFilled(element)) report()
  })
  return () => {
    off()
    sight.disconnect()
    for (const type of heard) page.removeEventListener(type, listen, true)
  }
}

function isFilled(element: Element): boolean {
  if (element.matches(SECRET)) return false
  if (element.matches('[type=checkbox],[type=radio]')) return (element as HTMLInputElement).checked
  return 'value' in element ? String(element.value).trim() !== '' : !!element.textContent?.trim()
}
