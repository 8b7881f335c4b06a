import { draw, find, watch } from '@handrail/renderers/tour'
import { type Asked, createPlay } from '../play.ts'

/** Runs tours. */
export const play = (asked: Asked) => createPlay({ draw, find, watch }, asked)
