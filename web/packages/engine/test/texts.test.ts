import type { AttributeValue } from '@handrail/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSafe, readId, renderText, renderUrl, wordsFor } from '../src/index.ts'
import { loadCases } from './cases.ts'

interface Template {
  template: string
  place: 'text' | 'url' | 'path' | 'query'
  attributes?: Record<string, Record<string, AttributeValue>>
  text?: string
  refused?: string
}

describe('templates', () => {
  test.each(loadCases<Template>('templates'))('$file: $name', ({ template, place, attributes = {}, text, refused }) => {
    const values = (name: string) => {
      const [source = '', ...key] = name.split('.')
      const known = Object.hasOwn(attributes, source) ? attributes[source] : undefined
      return known && Object.hasOwn(known, key.join('.')) ? known[key.join('.')] : undefined
    }
    if (place === 'text') expect(renderText(template, values)).toBe(text)
    else expect(renderUrl(template, values)).toEqual(refused === undefined ? { url: text } : { refused })
  })

  test('no value leads anywhere else than the author said', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '//evil.example',
        '\\evil.example',
        'javascript:alert(1)',
        '@evil.example',
        '../..',
        '?a',
        '#a',
        '\ud800',
      ),
      fc.string({ unit: fc.constantFrom('/', '\\', ':', '.', '@', '?', '#', 'e', '%', ' ', '\n') }),
    )
    const template = fc.constantFrom(
      '/a/{plan}/b',
      '/{plan}',
      '/?q={{custom.plan}}',
      'https://app.example/{plan}',
      '/a#{plan}',
    )
    fc.assert(
      fc.property(template, hostile, (authored, value) => {
        const made = renderUrl(authored, () => value)
        if (!('url' in made)) return
        const here = new URL(made.url, 'https://app.example/')
        expect(here.origin).toBe('https://app.example')
        const segments = (path: string) => path.split('/').length
        expect(segments(here.pathname)).toBe(segments(new URL(authored, 'https://app.example/').pathname))
      }),
      { numRuns: 2_000 },
    )
  })

  test('a value alone never makes an address', () => {
    for (const value of ['https://evil.example', 'javascript:alert(1)', '/path', 'x'])
      expect(renderUrl('{plan}', () => value)).toEqual({ refused: 'unsafe_value' })
  })

  test('addresses are relative, or of four schemes', () => {
    for (const safe of [
      '/a',
      'a/b',
      '?q',
      '#h',
      'https://a.example/',
      'HTTP://a.example',
      'mailto:a@b.example',
      'tel:+1',
    ])
      expect(isSafe(safe), safe).toBe(true)
    for (const unsafe of [
      'javascript:alert(1)',
      'JaVaScRiPt:x',
      'data:text/html,x',
      '//evil.example',
      '\\\\evil',
      'java\nscript:x',
      ' javascript:x',
      'vbscript:x',
      'blob:x',
    ])
      expect(isSafe(unsafe), unsafe).toBe(false)
  })
})

describe('words', () => {
  const hello = { en: 'Hello', fr: 'Salut', 'fr-CA': 'Allô' }

  test('are picked by exact locale, its language, the document’s default, then the first', () => {
    expect(wordsFor(hello, 'fr-CA', 'en')).toBe('Allô')
    expect(wordsFor(hello, 'fr-BE', 'en')).toBe('Salut')
    expect(wordsFor(hello, 'de', 'fr')).toBe('Salut')
    expect(wordsFor(hello, 'de', 'nl')).toBe('Hello')
    expect(wordsFor('Hi', 'fr', 'en')).toBe('Hi')
    expect(wordsFor({}, 'fr', 'en')).toBe('')
  })

  test('are found among the text’s own locales only', () => {
    expect(wordsFor(hello, 'constructor', 'en')).toBe('Hello')
  })
})

describe('user ids', () => {
  interface Given {
    id: unknown
    accepted?: string
    reason?: 'type' | 'no_id' | 'too_long'
  }
  const WORDS = { type: /^an id is text or a number/, no_id: /is no id$/, too_long: /^an id has at most/ }
  test.each(loadCases<Given>('identity'))('$file: $name', ({ id, accepted, reason }) => {
    const expected = reason ? { refused: expect.stringMatching(WORDS[reason]) } : { id: accepted }
    expect(readId(id)).toEqual(expected)
  })

  test('numbers become their decimal text', () => {
    expect(readId(42)).toEqual({ id: '42' })
    expect(readId(-0)).toEqual({ id: '0' })
    expect(readId(1e21)).toEqual({ id: '1000000000000000000000' })
    expect(readId(2.5e-9)).toEqual({ id: '0.0000000025' })
    expect(readId(-1.25e-7)).toEqual({ id: '-0.000000125' })
  })

  test('what never is one is refused with a reason', () => {
    for (const never of [
      '',
      '  ',
      'null',
      'undefined',
      '[object Object]',
      null,
      undefined,
      true,
      {},
      ['a'],
      Number.NaN,
    ])
      expect(readId(never)).toEqual({ refused: expect.stringMatching(/\bid\b/) })
  })

  test('512 characters are the most, counted as a reader would', () => {
    expect(readId('🚀'.repeat(512))).toEqual({ id: '🚀'.repeat(512) })
    expect('refused' in readId('a'.repeat(513))).toBe(true)
  })
})
