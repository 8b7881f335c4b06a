import { afterEach, expect, test } from 'vitest'
import { jsonOf } from '../src/json.ts'

const lists = Array.prototype as unknown[] & { toJSON?: unknown }

afterEach(() => {
  delete lists.toJSON
})

test('JSON is what it always is on a page that leaves lists alone', () => {
  const value = { a: [1, { b: [null, new Date(0)] }], c: undefined }
  expect(jsonOf(value)).toBe('{"a":[1,{"b":[null,"1970-01-01T00:00:00.000Z"]}]}')
})

test('a page that gives lists a toJSON changes nothing in ours, and what has its own keeps it', () => {
  lists.toJSON = function (this: unknown[]) {
    return `[${this.join(', ')}]`
  }
  expect(JSON.stringify([[1]]), 'lists go out as texts').toBe('"[1]"')
  const money = { toJSON: () => '3 EUR' }
  expect(jsonOf({ a: [1, { b: [[]] }], at: new Date(0), money })).toBe(
    '{"a":[1,{"b":[[]]}],"at":"1970-01-01T00:00:00.000Z","money":"3 EUR"}',
  )
})
