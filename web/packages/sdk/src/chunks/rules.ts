import { type Address, type Browser, holds, type Search } from '@handrail/engine'
import type { Condition, Device } from '@handrail/wire'

/** What only some experiences ask for: patterns, conditions that a browser has to answer, days of a zone. */
export { searchIn, zoneOf } from '@handrail/engine'

/** Whether a condition holds on a page as it is now; `element` once more is known of elements than that they are there. */
export const holdsOn = (
  view: Window,
  address: Address | null,
  device: Device,
  condition: Condition,
  search: Search,
  element: Browser['element'] = (css, fact) => fact === 'present' && !!view.document.querySelector(css),
): boolean =>
  holds(condition, {
    address,
    device,
    width: view.innerWidth,
    height: view.innerHeight,
    element,
    search,
  })
