import type { Target, Text } from '@handrail/wire'

export type Dispose = () => void
export type Words = (text: Text) => string
/** The element, or why there is none. `agreement` tells how well a fingerprint still fits: 1 as on the day it was taken. */
export type Found =
  | { element: Element; agreement?: number }
  | { missing: 'none' | 'ambiguous' | 'hidden' | 'weak'; agreement?: number }
export type Scope = Document | ShadowRoot

export const TEST_IDS = ['testid', 'test', 'cy', 'qa', 'test-id'].map((name) => `data-${name}`)
export const HEADINGS = 'h1,h2,h3,h4,h5,h6,[role=heading]'
/** Elements that have a role unasked, besides those whose tag or type is called like it. */
const ROLES: Record<string, string> = {
  button: 'summary,[type=submit]',
  link: 'a[href],area',
  heading: HEADINGS,
  textbox: 'textarea,input:not([type]),[type=text],[type=email],[type=search],[type=tel],[type=url]',
  combobox: 'select',
  navigation: 'nav',
}

/** The element that every given signal agrees on. Two that fit alike count as none: a step on the wrong one is worse. */
export function findTarget(
  root: Document,
  target: Target,
  words: Words,
  visit?: (node: Scope | Element) => void,
): Found {
  const scope = scopeOf(root, target, visit)
  const selector = selectorOf(target)
  if (!scope || !selector) return { missing: 'none' }
  // Put into words once, not once an element.
  const [name, text, near] = [target.name, target.text, target.near].map(
    (each) => each !== undefined && clean(words(each)),
  )
  const fitting = Array.from(scope.querySelectorAll(selector)).filter(
    (each) =>
      (text === false || clean(each.textContent) === text) &&
      (name === false || nameOf(each) === name) &&
      (near === false || headingOf(each) === near),
  )
  const [element, another] = fitting
    .filter((each, at) =>
      // Signals such as text hold for the elements around it too; the innermost one is meant.
      target.nth === undefined ? !each.contains(fitting[at + 1] ?? null) : at === target.nth,
    )
    .filter(isVisible)
  if (element && !another) return { element }
  return { missing: another ? 'ambiguous' : fitting[target.nth ?? 0] ? 'hidden' : 'none' }
}

/**
 * The frame's page or the shadow root that a target is in, or null while the way there is not. `visit` gets whatever is
 * on the way: pages, shadow roots, and the element that turned out to have neither.
 */
export function scopeOf(root: Document, target: Target, visit?: (node: Scope | Element) => void): Scope | null {
  let scope: Scope | null = root
  visit?.(scope)
  for (const path of [...(target.frame ?? []), ...(target.shadow ?? [])]) {
    const host: Element | null = scope.querySelector(path)
    scope = host && innerOf(host)
    if (host) visit?.(scope ?? host)
    if (!scope) break
  }
  return scope
}

/** What an element has inside that selectors do not reach: its open shadow root, or its frame's page if of our origin. */
export const innerOf = (host: Element): Scope | null =>
  host.shadowRoot ?? (host as HTMLIFrameElement).contentDocument ?? null

/** One selector of all signals that selectors can ask for; "" where a target has no signal of its own. */
function selectorOf({ css, id, test_id, role, name, text }: Target): string {
  const parts = [
    css,
    id && `#${CSS.escape(id)}`,
    test_id && TEST_IDS.map((each) => `[${each}=${CSS.escape(test_id)}]`),
    role && `${role},[role=${role}],[type=${role}],${ROLES[role] ?? role}`,
    (text ?? name) === undefined ? '' : ':not(head *)',
  ]
  return parts.map((part) => (part ? `:is(${part})` : '')).join('')
}

export const clean = (text: string | null) => (text ?? '').replace(/\s+/g, ' ').trim()

/** The accessible name, as far as it needs no layout: label references, labels, alternatives, own text. */
export function nameOf(element: Element): string {
  const given = (name: string) => element.getAttribute(name)
  const owner = element.getRootNode() as Scope
  const said = (elements: Iterable<Element | null | undefined>) =>
    clean(Array.from(elements, (each) => each?.textContent).join(' '))
  return clean(
    said((given('aria-labelledby') ?? '').split(' ').map((id) => owner.getElementById?.(id))) ||
      given('aria-label') ||
      said((element as HTMLInputElement).labels ?? []) ||
      (given('alt') ?? (element.textContent || given('placeholder') || given('title'))),
  )
}

function headingOf(element: Element): string {
  for (let box: Element | null = element; box; box = box.parentElement) {
    const heading = box.querySelector(HEADINGS)
    if (heading) return clean(heading.textContent)
  }
  return ''
}

/** Whether an element has room on the page, and the frame it is in too. */
export function isVisible(element: Element): boolean {
  const { width, height } = element.getBoundingClientRect()
  const frame = element.ownerDocument.defaultView?.frameElement
  return (
    element.checkVisibility?.({ visibilityProperty: true }) !== false &&
    width * height > 0 &&
    (!frame || isVisible(frame))
  )
}
