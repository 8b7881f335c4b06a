import { playHints } from '../hints.ts'
import type { Asked } from '../play.ts'

type Mark = typeof import('@handrail/renderers/mark')
type Tour = typeof import('./tour.ts')
let mark: Mark
let tour: Tour

/** A hint's card is drawn as a step of a tour is, and its mark as the mark of a badge. */
export async function prepare(): Promise<void> {
  ;[mark, tour] = await Promise.all([import('@handrail/renderers/mark'), import('./tour.ts')])
}

/** Plays hints. */
export const play = (asked: Asked) => playHints(asked, { ...mark, draw: tour.draw, watch: tour.watch })
