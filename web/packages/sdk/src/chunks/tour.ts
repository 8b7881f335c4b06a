import { draw, find, watch } from '@handrail/renderers/tour'
import type { Content } from '@handrail/wire'
import type { Asked } from '../play.ts'
import { createSequence } from '../sequence.ts'
import { stepsOf, type TourParts, tourTools } from '../tours.ts'

export { watch }

const parts: TourParts = { draw, find, watch }

/** Loads what listens for triggers, where a step has any. */
export async function prepare(content: Content): Promise<void> {
  if (stepsOf(content).some((step) => step.triggers?.length)) parts.arm = (await import('../triggers.ts')).arm
}

/** Plays tours. */
export const play = (asked: Asked) => createSequence(tourTools(asked.content, parts), asked)
