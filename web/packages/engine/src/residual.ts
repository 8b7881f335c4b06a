import type { Condition, Device } from '@handrail/wire'
import { type Address, coversRule, type Search } from './pages.ts'

/** What the browser knows. */
export interface Browser {
  address: Address | null
  device: Device
  width: number
  height: number
  element(words: string, fact: string): boolean
  search: Search
}

/** Whether a residual condition holds: the part of an audience that only a browser can answer. */
export function holds(condition: Condition, browser: Browser): boolean {
  if ('all' in condition) return condition.all.every((each) => holds(each, browser))
  if ('any' in condition) return condition.any.some((each) => holds(each, browser))
  if ('not' in condition) return !holds(condition.not, browser)
  if ('page' in condition) {
    const { page, ...rule } = condition
    return coversRule({ part: page, ...rule }, browser.address, browser.search)
  }
  if ('device' in condition) return condition.device.includes(browser.device)
  if ('viewport' in condition) {
    const actual = condition.viewport === 'width' ? browser.width : browser.height
    const { operator, value } = condition
    if (actual === value) return operator.length > 1
    return operator.startsWith('<') === actual < value
  }
  if ('element' in condition) return browser.element(condition.element, condition.fact ?? 'present')
  // Every other leaf is the server's to answer, and it has: one that arrives here cannot be true.
  return false
}
