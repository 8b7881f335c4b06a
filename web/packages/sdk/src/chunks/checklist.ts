import {
  drawCompletion,
  drawDismissed,
  drawLauncher,
  drawPanel,
  drawTasks,
  OWN,
  panelSheet,
} from '@handrail/renderers/checklist'
import { playChecklist } from '../checklists.ts'
import type { Asked } from '../play.ts'

/** Plays checklists. */
export const play = (asked: Asked) =>
  playChecklist(asked, {
    sheet: (theme) => panelSheet(theme, OWN),
    drawLauncher,
    drawPanel,
    drawTasks,
    drawCompletion,
    drawDismissed,
  })
