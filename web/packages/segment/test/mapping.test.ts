import { describe, expect, test } from 'vitest'
import { loadCases } from '../../engine/test/cases.ts'
import { render } from '../src/liquid.ts'
import { MappingFailed, transform } from '../src/mapping.ts'

interface Asked {
  mapping: unknown
  event: unknown
  payload?: unknown
  error?: string
}

describe('mappings', () => {
  test.each(loadCases<Asked>('mapping'))('$file: $name', ({ mapping, event, payload, error }) => {
    if (error !== undefined) expect(() => transform(mapping, event, render)).toThrow(error)
    else expect(JSON.parse(JSON.stringify(transform(mapping, event, render)))).toEqual(payload)
  })

  test('one that holds itself is refused', () => {
    const mapping: Record<string, unknown> = {}
    mapping['again'] = { '@literal': mapping }
    expect(() => transform(mapping, {})).toThrow('levels deep')
  })

  const long = { a: 'b'.repeat(30_000), list: Array(100).fill(Array(100).fill(1)) }
  test.each([
    { '@template': '{{a}}'.repeat(1999) },
    { '@replace': { pattern: 'b', replacement: "$`$'$`$'$`", value: { '@path': '$.a' } } },
    { '@merge': { direction: 'right', objects: Array(100).fill({ '@path': '$.a' }) } },
    { '@template': 'x'.repeat(1_000_000) },
  ])('a small one makes no endless payload: %#', (mapping) => {
    expect(() => transform({ v: mapping }, long)).toThrow(MappingFailed)
  })

  test.each(['case', 'for', 'include', 'layout', 'render', 'tablerow'])('Liquid without the tag %s', (tag) => {
    expect(() => transform({ v: { '@liquid': `{% ${tag} x %}` } }, {}, render)).toThrow(`tag "${tag}" is disabled`)
  })

  test('Liquid reaches nothing but the event', () => {
    expect(transform({ v: { '@liquid': '{{ a.constructor.name }}{{ a.__proto__ }}' } }, { a: {} }, render)).toEqual({
      v: '',
    })
  })
})
