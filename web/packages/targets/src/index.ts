import type { Target, Text } from '@handrail/wire'

export type Dispose = () => void
export type Words = (text: Text) => string
export type Found = { element: Element } | { missing: 'none' | 'ambiguous' | 'hidden' }

const TEST_IDS = ['data-testid', 'data-test', 'data-cy', 'data-qa', 'data-test-id']
const ROLES: Record<string, string> = {
  button: 'button,input[type=button],input[type=submit],summary',
  link: 'a[href],area[href]',
  heading: 'h1,h2,h3,h4,h5,h6',
  textbox:
    'input:not([type]),input[type=text],input[type=email],input[type=search],input[type=tel],input[type=url],textarea',
  checkbox: 'input[type=checkbox]',
  radio: 'input[type=radio]',
  combobox: 'select',
  navigation: 'nav',
  main: 'main',
}

/** The element that every given signal agrees on. Two that fit alike count as none: a step on the wrong one is worse. */
export function findTarget(root: Document, target: Target, words: Words): Found {
  const scope = scopeOf(root, target)
  if (!scope) return { missing: 'none' }
  let fitting = Array.from(scope.querySelectorAll(selectorOf(target))).filter((each) => fits(each, target, words))
  if (target.nth === undefined && fitting.length > 1) {
    // Signals such as text hold for the elements around it too; the innermost one is meant.
    fitting = fitting.filter((each) => !fitting.some((other) => other !== each && each.contains(other)))
  }
  const seen = fitting.filter(isVisible)
  const element = target.nth !== undefined ? fitting[target.nth] : seen.length ? seen[0] : fitting[0]
  if (!element) return { missing: 'none' }
  if (target.nth === undefined && seen.length > 1) return { missing: 'ambiguous' }
  return isVisible(element) ? { element } : { missing: 'hidden' }
}

/** Reports the target, now and whenever it changes. One observer, one coalesced frame, no poll. Returns the off switch. */
export function watchTarget(root: Document, target: Target, words: Words, report: (found: Found) => void): Dispose {
  let last: Element | string | undefined
  let frame = 0
  const view = root.defaultView ?? window
  const look = () => {
    frame = 0
    const found = findTarget(root, target, words)
    const mark = 'element' in found ? found.element : found.missing
    if (mark === last) return
    last = mark
    report(found)
  }
  const soon = () => {
    frame ||= view.requestAnimationFrame(look)
  }
  const observer = new MutationObserver(soon)
  observer.observe(root, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ['class', 'style', 'hidden', 'id', 'open', 'aria-label', ...TEST_IDS],
  })
  root.addEventListener('load', soon, true)
  look()
  return () => {
    observer.disconnect()
    root.removeEventListener('load', soon, true)
    view.cancelAnimationFrame(frame)
  }
}

function scopeOf(root: Document, target: Target): Document | ShadowRoot | null {
  let scope: Document | ShadowRoot = root
  for (const path of target.frame ?? []) {
    const frame: Element | null = scope.querySelector(path)
    let inner: Document | null = null
    try {
      inner = frame instanceof HTMLIFrameElement ? frame.contentDocument : null
    } catch {
      // A frame of another origin: nothing in it can be reached from here.
    }
    if (!inner) return null
    scope = inner
  }
  for (const path of target.shadow ?? []) {
    const inner: ShadowRoot | null = scope.querySelector(path)?.shadowRoot ?? null
    if (!inner) return null
    scope = inner
  }
  return scope
}

function selectorOf(target: Target): string {
  if (target.id) return `[id="${CSS.escape(target.id)}"]`
  if (target.test_id) return TEST_IDS.map((name) => `[${name}="${CSS.escape(target.test_id as string)}"]`).join()
  if (target.css) return target.css
  if (target.role) return [ROLES[target.role], `[role="${CSS.escape(target.role)}"]`].filter(Boolean).join()
  return 'body *'
}

function fits(element: Element, target: Target, words: Words): boolean {
  if (element.closest('handrail-root')) return false
  if (target.css && !element.matches(target.css)) return false
  if (target.id && element.id !== target.id) return false
  if (target.test_id && !TEST_IDS.some((name) => element.getAttribute(name) === target.test_id)) return false
  if (
    target.role &&
    element.getAttribute('role') !== target.role &&
    !(ROLES[target.role] && element.matches(ROLES[target.role] as string))
  )
    return false
  if (target.name !== undefined && nameOf(element) !== clean(words(target.name))) return false
  if (target.text !== undefined && clean(element.textContent ?? '') !== clean(words(target.text))) return false
  return target.near === undefined || headingOf(element) === clean(words(target.near))
}

const clean = (text: string) => text.replace(/\s+/g, ' ').trim()

/** The accessible name, as far as it needs no layout: label references, labels, alternatives, own text. */
export function nameOf(element: Element): string {
  const labelled = element.getAttribute('aria-labelledby')
  if (labelled) {
    const owner = element.getRootNode() as Document | ShadowRoot
    const named = clean(
      labelled
        .split(/\s+/)
        .map((id) => owner.getElementById(id)?.textContent ?? '')
        .join(' '),
    )
    if (named) return named
  }
  const label = element.getAttribute('aria-label')
  if (label) return clean(label)
  const labels = (element as HTMLInputElement).labels
  if (labels?.length) return clean(Array.from(labels, (each) => each.textContent).join(' '))
  return clean(
    element.getAttribute('alt') ??
      (element.textContent || element.getAttribute('placeholder')) ??
      element.getAttribute('title') ??
      '',
  )
}

function headingOf(element: Element): string {
  for (let box: Element | null = element; box; box = box.parentElement) {
    const heading = box.querySelector('h1,h2,h3,h4,h5,h6,[role=heading]')
    if (heading) return clean(heading.textContent ?? '')
  }
  return ''
}

function isVisible(element: Element): boolean {
  const shown = element.checkVisibility?.({ opacityProperty: false, visibilityProperty: true }) ?? true
  if (!shown) return false
  const box = element.getBoundingClientRect()
  return box.width > 0 && box.height > 0
}
