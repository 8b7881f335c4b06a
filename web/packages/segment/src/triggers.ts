import { compile } from './full.ts'
import { matches, parse } from './strict.ts'
import type { Members } from './values.ts'

export type Mode = 'strict' | 'full'

/** A trigger as a predicate over events. One that cannot be read never matches. */
export function compileTrigger(text: string, mode: Mode): (event: Members) => boolean {
  if (mode === 'full') {
    try {
      return compile(text)
    } catch {
      return () => false
    }
  }
  const trigger = parse(text)
  return (event) => matches(trigger, event)
}
