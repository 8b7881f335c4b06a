import { drawCenter, drawLauncher, drawPanel, OWN, panelSheet } from '@handrail/renderers/resource_center'
import type { Asked } from '../play.ts'
import { playCenter } from '../resource_centers.ts'

/** Plays the resource center. */
export const play = (asked: Asked) =>
  playCenter(asked, { sheet: (theme) => panelSheet(theme, OWN), drawLauncher, drawPanel, drawCenter })
