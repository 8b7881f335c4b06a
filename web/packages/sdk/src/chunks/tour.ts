import { draw, watch } from '@handrail/renderers/tour'
import type { Content } from '@handrail/wire'
import type { Asked } from '../play.ts'
import { createSequence } from '../sequence.ts'
import { stepsOf, type TourParts, tourTools } from '../tours.ts'

export { draw, watch }

const parts: TourParts = { draw: (stage) => draw(stage), watch }

/** Loads what some tours ask for beside the chunk: the listening for triggers, what few steps ask for. */
export async function prepare(content: Content): Promise<void> {
  const steps = stepsOf(content)
  if (steps.some((step) => step.triggers?.length)) parts.arm = await (await import('../triggers.ts')).armWith(steps)
  if (steps.some(({ form = '', on_target }) => /^[bc]/.test(form) || on_target === 'advance'))
    parts.draw = await (await import('../forms.ts')).drawWith(draw, steps)
}

/** Plays tours. */
export const play = (asked: Asked) => createSequence(tourTools(asked.content, parts), asked)
