import { clean, HEADINGS, innerOf, type Scope, TEST_IDS } from '../find.ts'
import { shapeOf, stable, stableClasses } from './tokens.ts'

/** What can be read off an element itself, cheaply. "" is nothing. */
export interface Face {
  tag: string
  test_id: string
  id: string
  name: string
  href: string
  role: string
  type: string
  text: string
  label: string
  classes: string[]
}

/** What is read off the elements around it, and what it holds: dearer. */
export interface Setting {
  icon: string
  landmark: string
  heading: string
  before: string
  after: string
  row: string
  chain: string[]
  index: number
}

export type Reading = Face & Setting

export const CONTROLS = 'a,button,input,select,textarea,summary,[role],[tabindex],[onclick],[contenteditable],label'
const LANDMARKS =
  'nav,main,aside,header,footer,form,dialog,[role=navigation],[role=main],[role=complementary],[role=banner],[role=contentinfo],[role=search],[role=form],[role=dialog]'
const LANDMARK_ROLES: Record<string, string> = {
  nav: 'navigation',
  aside: 'complementary',
  header: 'banner',
  footer: 'contentinfo',
}
const TITLES = `${HEADINGS},legend,caption`
/** Elements that say nothing by being there. */
const PLAIN = new Set(['div', 'span', 'font', 'center', 'b', 'i', 'p'])
const ACTED = new Set(['a', 'button', 'label', 'summary'])
const FIELDS = new Set(['input', 'select', 'textarea', 'button'])
const READ = new Set([
  ...TEST_IDS,
  ...'id class name href role type aria-label aria-labelledby placeholder alt title'.split(' '),
])
const LONGEST = 120

/** The role that an element has unasked. */
function roleOf(tag: string, type: string): string {
  if (tag === 'a' || tag === 'area') return 'link'
  if (tag === 'button' || tag === 'summary' || type === 'submit' || type === 'button') return 'button'
  if (/^h[1-6]$/.test(tag)) return 'heading'
  if (tag === 'input') return type === 'checkbox' || type === 'radio' ? type : 'textbox'
  return (
    { textarea: 'textbox', select: 'combobox', nav: 'navigation', tr: 'row', td: 'cell', li: 'listitem' }[tag] ?? ''
  )
}

/** What an element says itself. A box of many elements says only what stands directly in it, or comes first in it. */
function textOf(element: Element, tag: string, type: string): string {
  if (tag === 'select' || tag === 'textarea') return ''
  if (tag === 'input') return type === 'submit' || type === 'button' ? (element as HTMLInputElement).value : ''
  const acted = ACTED.has(tag)
  if (acted || element.childElementCount < 4) {
    const whole = element.textContent ?? ''
    if (whole.length < 400) {
      const text = clean(whole)
      if (acted || text.length <= LONGEST) return text.slice(0, LONGEST)
    }
  }
  let own = ''
  for (let node = element.firstChild; node; node = node.nextSibling) if (node.nodeType === 3) own += node.nodeValue
  return (clean(own) || clean(firstWords(element))).slice(0, LONGEST)
}

function firstWords(element: Element): string {
  const texts = element.ownerDocument.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  for (let tries = 0; tries < 12 && texts.nextNode(); tries++) {
    const text = texts.currentNode.nodeValue as string
    if (/\S/.test(text)) return text
  }
  return ''
}

/** An address without what changes: the host, numbers, what only a script follows. */
function addressOf(href: string): string {
  if (href.length < 2 || /^\s*javascript:/i.test(href)) return ''
  return shapeOf(href.replace(/^https?:\/\/[^/]*/, '')).slice(0, LONGEST)
}

/** What labels an element: other elements, or attributes, in the order in which browsers ask them. */
function labelOf(element: Element, given: ReadonlyMap<string, string>): string {
  const by = given.get('aria-labelledby')
  const said =
    by
      ?.split(' ')
      .map((id) => (element.getRootNode() as Scope).getElementById?.(id)?.textContent)
      .join(' ') ||
    given.get('aria-label') ||
    (FIELDS.has(element.localName) && (element as HTMLInputElement).labels?.[0]?.textContent) ||
    given.get('placeholder') ||
    given.get('alt') ||
    given.get('title') ||
    ''
  return said && clean(said).slice(0, LONGEST)
}

/** Reads elements of one page at one moment; what several share is read once. */
export class Reader {
  readonly #titles = new Map<Element, Element[]>()
  readonly #texts = new Map<Element, string>()
  readonly #links = new Map<Element, string>()
  readonly #classes = new Map<string, string[]>()
  readonly #names = new Map<string, string>()

  read(element: Element): Reading {
    const face = this.face(element)
    return { ...face, ...this.setting(element, face) }
  }

  face(element: Element): Face {
    const tag = element.localName
    const given = new Map<string, string>()
    let test_id = ''
    for (const name of element.getAttributeNames()) {
      if (!READ.has(name)) continue
      const value = element.getAttribute(name) as string
      given.set(name, value)
      if (TEST_IDS.includes(name)) test_id ||= value
    }
    const type = (tag === 'input' || tag === 'button') && given.get('type')
    const href = tag === 'a' && given.get('href')
    const id = given.get('id')
    return {
      tag,
      test_id: test_id && shapeOf(test_id).slice(0, LONGEST),
      id: id ? stable(id).slice(0, LONGEST) : '',
      name: (given.get('name') ?? '').slice(0, LONGEST),
      href: href ? addressOf(href) : '',
      role: given.get('role') || roleOf(tag, type || ''),
      type: type || '',
      text: textOf(element, tag, type || ''),
      label: labelOf(element, given),
      classes: this.#classesOf(element, given.get('class')),
    }
  }

  readonly #stableOf = (name: string): string => {
    let kept = this.#names.get(name)
    if (kept === undefined) this.#names.set(name, (kept = stable(name)))
    return kept
  }

  #classesOf(element: Element, written: string | undefined): string[] {
    if (!written) return []
    let classes = this.#classes.get(written)
    if (!classes) this.#classes.set(written, (classes = stableClasses(element, this.#stableOf)))
    return classes
  }

  setting(element: Element, face: Face): Setting {
    const row = this.#row(element, face)
    return {
      icon: iconOf(element),
      landmark: landmarkOf(element),
      heading: this.#heading(element),
      before: this.#beside(element, 'previousElementSibling'),
      after: this.#beside(element, 'nextElementSibling'),
      row,
      chain: this.#chain(element),
      index: indexOf(element),
    }
  }

  #text(element: Element): string {
    let text = this.#texts.get(element)
    if (text === undefined) this.#texts.set(element, (text = clean(element.textContent)))
    return text
  }

  /** The title before the element in the smallest box that has one, or else the first in it. */
  #heading(element: Element): string {
    for (let box = element.parentElement; box && box.localName !== 'body'; box = box.parentElement) {
      let titles = this.#titles.get(box)
      if (!titles) this.#titles.set(box, (titles = Array.from(box.querySelectorAll(TITLES))))
      const title = titleFor(element, titles)
      if (title) return shapeOf(this.#text(title)).slice(0, LONGEST)
    }
    return ''
  }

  #beside(element: Element, side: 'previousElementSibling' | 'nextElementSibling'): string {
    let at: Element | null = element
    for (let height = 0; at && height < 4; height++) {
      for (let sibling = at[side]; sibling; sibling = sibling[side]) {
        const text = this.#text(sibling)
        if (text) return shapeOf(text.slice(0, LONGEST)).slice(0, 60)
      }
      at = at.parentElement
    }
    return ''
  }

  #row(element: Element, face: Face): string {
    const own = face.text.length
    for (let box = element.parentElement; box && box.localName !== 'body'; box = box.parentElement) {
      const text = this.#text(box)
      if (text.length <= own + 2) continue
      if (text.length > 1500) break
      const others = face.text ? clean(text.replace(face.text, ' ')) : text
      return shapeOf(others.slice(0, 300)).slice(0, 160)
    }
    return ''
  }

  #chain(element: Element): string[] {
    const chain: string[] = []
    for (let box = element.parentElement; box && chain.length < 16; box = box.parentElement) {
      let link = this.#links.get(box)
      if (link === undefined) this.#links.set(box, (link = linkOf(box)))
      if (link) chain.push(link.slice(0, 60))
    }
    return chain
  }
}

/** The last title before an element, or else the first after it; what holds the element, or is in it, is none. */
function titleFor(element: Element, titles: readonly Element[]): Element | undefined {
  // They are in the page's order: those before it come first.
  let [from, to] = [0, titles.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((titles[middle] as Element).compareDocumentPosition(element) & 4) from = middle + 1
    else to = middle
  }
  let last = from - 1
  while (titles[last]?.contains(element)) last--
  return titles[last] ?? titles.slice(from).find((each) => !element.contains(each))
}

function linkOf(box: Element): string {
  const role = box.getAttribute('role')
  if (role) return role
  const tag = box.localName
  if (tag === 'body' || tag === 'html') return ''
  if (!PLAIN.has(tag)) return LANDMARK_ROLES[tag] ?? tag
  const id = box.id && stable(box.id)
  return id && `#${id}`
}

function landmarkOf(element: Element): string {
  const box = element.parentElement?.closest(LANDMARKS)
  if (!box) return ''
  const tag = box.localName
  return box.getAttribute('role') ?? LANDMARK_ROLES[tag] ?? tag
}

function iconOf(element: Element): string {
  const drawn = element.matches('svg,img,i') ? element : element.querySelector('svg,img,i,[class*=icon]')
  if (!drawn || (drawn !== element && element.childElementCount > 6)) return ''
  const use = drawn.querySelector('use')
  const source = drawn.getAttribute('src') ?? use?.getAttribute('href') ?? use?.getAttribute('xlink:href')
  if (source)
    return shapeOf(source.startsWith('data:') ? source.slice(-40) : (source.split('/').pop() ?? '')).slice(0, 60)
  const path = drawn.querySelector('path')?.getAttribute('d')
  if (path) return path.slice(0, 60)
  const names = stableClasses(drawn).sort().join('.')
  return names && `.${names}`.slice(0, 60)
}

function indexOf(element: Element): number {
  let index = 0
  for (let at = element.previousElementSibling; at; at = at.previousElementSibling) index++
  return index
}

/** Every page, open shadow root and frame of our origin from here on, outermost first. */
export function scopesIn(root: Scope): Scope[] {
  const scopes = [root]
  for (const scope of scopes) {
    for (const each of scope.querySelectorAll('*')) {
      const inner = each.localName !== 'handrail-root' && innerOf(each)
      if (inner) scopes.push(inner)
    }
  }
  return scopes
}
