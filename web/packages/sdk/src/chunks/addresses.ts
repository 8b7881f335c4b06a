import type { Action } from '@handrail/wire'
import { createCode } from '../code.ts'
import { messageOf } from '../message.ts'
import type { Ports } from '../runtime.ts'
import type { Scene } from '../scene.ts'

/** What only content with an address, with code or with a way to the agent asks for. */
export { renderUrl } from '@handrail/engine'

/** Whether an address is seen to: code that is on its way runs first (RULES 29), and the page's own router may take it. */
export function isTaken(url: string, ports: Ports): boolean {
  const { view, host } = ports
  const routed = () => {
    try {
      const router = host['core:navigate']
      const { href, origin } = new URL(url, view.document.baseURI)
      return typeof router === 'function' && origin === view.location.origin && router(href) !== false
    } catch {
      return false
    }
  }
  return ports.code?.holds(ports.guard(() => void (routed() || view.location.assign(url)))) || routed()
}

/** Fetches the code that a part of a document names, before it is wanted. */
export function arm(ports: Ports, part: unknown): void {
  ports.code ??= createCode(ports)
  ports.code.arm(part)
}

/** Does what few documents ask for. */
export function fire(ports: Ports, scene: Scene, step: string, action: Action): void {
  if (action.type === 'run_js') {
    arm(ports, action)
    ports.code?.run(scene, step, action.code)
  } else if (action.type === 'open_post') void ports.start(action.post, 'launch_experience')
  else if (action.type === 'launch_agent') openAgent(ports, scene, action.message)
}

function openAgent(ports: Ports, scene: Scene, template = '') {
  const stage = scene.stage()
  const message = messageOf(template, ports.values)
  ports.load('agent').then(
    ports.guard((chunk) => {
      ports.opened?.()
      const { open } = chunk as unknown as typeof import('./agent.ts')
      const closed = () => {
        ports.opened = undefined
      }
      ports.opened = open(stage, closed, message)
    }),
    () => undefined,
  )
}
