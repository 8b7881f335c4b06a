import { renderUrl, type Values } from '@handrail/engine'
import type { Action } from '@handrail/wire'
import { createCode } from '../code.ts'
import { messageOf } from '../message.ts'
import type { Ports } from '../runtime.ts'
import type { Scene } from '../scene.ts'

/** What only content with an address, with code or with a way to the agent asks for. */
export { drawMedia } from '@handrail/renderers/media'

/** A link's address, or null when it may not be followed. */
export function hrefOf(template: string, values: Values): string | null {
  const made = renderUrl(template, values)
  return 'url' in made ? made.url : null
}

/** Reads the address inside the click, so that a window may be opened; goes there when it is called, after everything else. */
export function plan(
  ports: Ports,
  scene: Scene,
  step: string,
  { url: template, open_in }: Extract<Action, { type: 'navigate_to' }>,
): (() => void) | undefined {
  const made = renderUrl(template, ports.values)
  if (!('url' in made)) {
    scene.tell('navigation_cancelled', { reason: made.refused })
    return undefined
  }
  return ports.guard(() => (open_in === 'new_tab' ? openTab(ports, scene, step, made.url) : goHere(ports, made.url)))
}

/** Only what a user just did may open a tab; where nothing did, a link is shown that they can click (RULES 32). */
function openTab(ports: Ports, scene: Scene, step: string, url: string): void {
  const { view, guard } = ports
  // `noopener` makes open() give nothing even when it worked, so it is asked before.
  if (view.navigator.userActivation?.isActive !== false) {
    view.open(url, '_blank', 'noopener')
    return
  }
  scene.tell('navigation_blocked', { step, url })
  const stage = scene.stage()
  import('@handrail/renderers/link').then(
    guard(({ drawLink }) => {
      ports.opened?.()
      ports.opened = drawLink(stage, url, () => {
        ports.opened = undefined
      })
    }),
    () => undefined,
  )
}

/** Goes there; code that is on its way runs first (RULES 29), and the page's own router may take it. */
function goHere(ports: Ports, url: string): void {
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
  const go = () => void (routed() || view.location.assign(url))
  if (!ports.code?.holds(ports.guard(go))) go()
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
