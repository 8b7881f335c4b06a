import { make } from './blocks.ts'
import { drawPanel, type PanelStage } from './panel/panel.ts'
import { panelSheet } from './panel/style.ts'
import type { Dispose, Stage } from './stage.ts'

const TURN = '.turn{margin-inline-start:auto;inline-size:fit-content;white-space:pre-wrap;overflow-wrap:anywhere}'

/**
 * Draws the agent's panel, with the message that opened it as the user's first turn. Until a project has set its agent
 * up, it says so. `closed` is told when the user closes it.
 */
export function drawAgent(stage: Stage, closed: () => void, message = ''): Dispose {
  const close = () => {
    panel.close()
    closed()
  }
  const drawn: PanelStage = {
    ...stage,
    launcher: {},
    sheet: panelSheet(stage.theme, TURN),
    title: stage.word('agent', 'Ask the assistant'),
    about: '',
    side: 'bottom',
    at: () => 1,
    move: () => undefined,
    rows: () => 0,
    toggle: close,
    close,
    seen: () => undefined,
  }
  const panel = drawPanel(drawn, true)
  const said = make(stage, 'p', '', stage.word('agent_away', 'The assistant is not available here yet.'))
  said.setAttribute('role', 'status')
  if (message) panel.inside.append(make(stage, 'p', 'turn', message))
  panel.inside.append(said)
  return () => panel.close()
}
