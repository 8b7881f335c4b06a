import { draw } from '@handrail/renderers/banner'
import { type Asked, createPlay } from '../play.ts'

/** Runs banners. */
export const play = (asked: Asked) => createPlay({ draw }, asked)
