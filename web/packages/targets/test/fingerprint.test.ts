// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { addLocale, capture, makeFinder, placeOf } from '../src/fingerprint/index.ts'
import { shapeOf, stable } from '../src/fingerprint/tokens.ts'

const said = (text: unknown) => (typeof text === 'string' ? text : '')

beforeEach(() => {
  // Nothing has a size without a layout engine.
  vi.spyOn(Element.prototype, 'getBoundingClientRect').mockReturnValue({ width: 9, height: 9 } as DOMRect)
  document.documentElement.lang = 'en'
})

const row = (name: string) => `<tr><td>${name}</td><td><button class="btn edit">Edit</button></td></tr>`
const PAGE = `
  <nav><ul><li><a href="/home" class="link">Home</a></li><li><a href="/people" class="link">People</a></li></ul></nav>
  <main>
    <h1>People</h1>
    <button class="btn primary" data-testid="invite">Invite people</button>
    <section><h2>Members</h2><table>${['Ada', 'Basile', 'Chidi'].map(row).join('')}</table></section>
    <form><h2>Search</h2><label for="q">Name</label><input id="q" name="q"><button class="btn">Go</button></form>
  </main>`

function page(html = PAGE): void {
  document.body.innerHTML = html
}
const one = (selector: string) => document.querySelector(selector) as HTMLElement
const find = (fingerprint: ReturnType<typeof capture>['fingerprint'], strictness?: 'loose' | 'normal' | 'strict') =>
  makeFinder()(document, { fingerprint, ...(strictness && { strictness }) }, said)

describe('names made anew with every build or visit are dropped', () => {
  test.each([
    ['btn-primary', 'btn-primary'],
    ['nav-link', 'nav-link'],
    ['mt-3', 'mt-3'],
    ['sidebarToggle', 'sidebarToggle'],
    ['css-1q2w3e4', ''],
    ['sc-bdVaJa', ''],
    ['jss123', ''],
    ['radix-:r1:', ''],
    ['ember1234', ''],
    ['active', ''],
    ['is-open', ''],
    ['9f86d081884c7d65', ''],
    ['Button_root__a1B2c', 'Button-root'],
    ['row-184467', 'row'],
  ])('%s -> %s', (name, kept) => expect(stable(name)).toBe(kept))

  test('numbers and addresses of people have no place in a shape', () =>
    expect(shapeOf('Order 1,204 of ada@example.com')).toBe('Order # of @'))
})

describe('an element is known again', () => {
  test('on the page as it was, fully', () => {
    page()
    const { fingerprint, confidence } = capture(one('[data-testid]'))
    expect(confidence).toBeGreaterThan(0.9)
    expect(find(fingerprint)).toEqual({ element: one('[data-testid]'), agreement: 1 })
  })

  test('after classes and test ids are made anew, its words changed a little and a box came around it', () => {
    page()
    const { fingerprint } = capture(one('[data-testid]'))
    const changed = PAGE.replaceAll(/class="[^"]*"/g, 'class="css-9x8y7z"').replace('data-testid="invite"', '')
    page(
      changed
        .replace('<button', '<div class="w"><button')
        .replace('Invite people</button>', 'Invite new people</button></div>'),
    )
    const found = find(fingerprint)
    expect(found).toMatchObject({ element: one('.w button') })
    expect(found.agreement).toBeLessThan(1)
  })

  test('among equals, by the row it stands in, wherever that has gone', () => {
    page()
    const { fingerprint } = capture(document.querySelectorAll('.edit')[1] as Element)
    page(PAGE.replace(row('Basile'), '').replace(row('Ada'), row('Basile') + row('Zoe') + row('Ada')))
    expect(find(fingerprint)).toMatchObject({ element: document.querySelectorAll('.edit')[0] })
  })

  test('inside an open shadow root, found by its place', () => {
    page('<app-box id="box"></app-box>')
    const root = one('app-box').attachShadow({ mode: 'open' })
    root.innerHTML = '<p>Plan</p><button>Upgrade</button><button>Cancel</button>'
    const element = root.querySelector('button') as Element
    expect(placeOf(element)).toEqual({ shadow: ['#box'] })
    const { fingerprint } = capture(element)
    const found = makeFinder()(document, { fingerprint, ...placeOf(element) }, said)
    expect(found).toMatchObject({ element })
    // The way there is lost; the element is not.
    expect(makeFinder()(document, { fingerprint, shadow: ['#gone'] }, said)).toMatchObject({ element })
  })
})

describe('without good reason nothing is answered', () => {
  test('when the element is gone', () => {
    page()
    const { fingerprint } = capture(one('[data-testid]'))
    one('[data-testid]').remove()
    expect(find(fingerprint)).toMatchObject({ missing: 'weak' })
  })

  test('when two are alike to the last, which capture tells beforehand', () => {
    page('<ul><li><button>More</button></li><li><button>More</button></li></ul>')
    const { fingerprint, confidence, rivals } = capture(document.querySelectorAll('button')[1] as Element)
    expect(rivals).toEqual([document.querySelectorAll('button')[0]])
    expect(confidence).toBeLessThan(0.9)
    page('<ul><li><button>More</button></li><li><button>More</button></li><li><button>More</button></li></ul>')
    expect(find(fingerprint)).toHaveProperty('missing')
  })

  test('when the page has nothing of the kind', () => {
    page()
    const { fingerprint } = capture(one('[data-testid]'))
    page('<p>Nothing</p>')
    expect(find(fingerprint)).toEqual({ missing: 'none' })
  })

  test('the stricter the target, the sooner', () => {
    page()
    const { fingerprint } = capture(one('[data-testid]'))
    const button = '<button class="btn primary" data-testid="invite">Invite people</button>'
    page(`${PAGE.replace(button, '')}<footer><p>New</p><button class="btn">Invite people</button><p>Old</p></footer>`)
    expect(find(fingerprint, 'loose')).toMatchObject({ element: one('footer button') })
    expect(find(fingerprint, 'strict')).toMatchObject({ missing: 'weak' })
  })
})

describe('a page in another language', () => {
  const french = PAGE.replace('Invite people', 'Inviter')
    .replaceAll('People', 'Personnes')
    .replace('Members', 'Membres')

  test('is asked for its own words when they were taken', () => {
    page()
    const { fingerprint } = capture(one('nav li:nth-child(2) a'))
    document.documentElement.lang = 'fr'
    page(french)
    const both = addLocale(fingerprint, one('nav li:nth-child(2) a'))
    expect(Object.keys(both.words ?? {})).toEqual(['en', 'fr'])
    expect(find(both)).toMatchObject({ element: one('nav li:nth-child(2) a'), agreement: 1 })
  })

  test('is asked for everything but words when they were not', () => {
    page()
    const { fingerprint } = capture(one('[data-testid]'))
    document.documentElement.lang = 'fr'
    page(french)
    expect(find(fingerprint)).toMatchObject({ element: one('[data-testid]') })
  })
})

test('the same element is not weighed again until it or what is around it changes', () => {
  page()
  const finder = makeFinder()
  const element = document.querySelectorAll('.edit')[1] as Element
  const target = { fingerprint: capture(element).fingerprint }
  expect(finder(document, target, said)).toMatchObject({ element })
  const ask = vi.spyOn(document, 'querySelectorAll')
  expect(finder(document, target, said)).toMatchObject({ element })
  expect(ask).not.toHaveBeenCalled()
  // A list that uses its elements for other rows: the element is there, and is another one.
  ;(element.closest('tr') as Element).firstElementChild?.replaceChildren('Zoe')
  expect(finder(document, target, said)).not.toMatchObject({ element })
})
