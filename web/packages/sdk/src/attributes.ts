import { compares, zoneOf } from '@handrail/engine'
import type { Asked } from './play.ts'
import type { Waits } from './triggers.ts'

/** Whether the user's attribute is as a trigger asks, by what the page has set and the server told. */
export function isSo(asked: Waits<'attribute'>, { ports, candidate }: Asked): boolean {
  const zone = zoneOf(ports.reply()?.zone ?? 'UTC')
  const search = ports.rules()?.searchIn(candidate.patterns ?? {}) ?? (() => false)
  return compares(asked, ports.values(asked.attribute), { zone, today: zone.dayOf(ports.now()), search })
}
