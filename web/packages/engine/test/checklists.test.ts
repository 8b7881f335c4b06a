import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinedTasks, progressOf, type Settled } from '../src/index.ts'
import { loadCases } from './cases.ts'

interface Asked {
  order?: 'any' | 'in_order'
  tasks: string[]
  done?: string[]
  skipped?: string[]
  states: string[]
  settled: number
  complete: boolean
}

const settledAt = (keys: string[] = []) => Object.fromEntries(keys.map((key) => [key, 1]))

describe('checklists', () => {
  const asked = loadCases<Asked>('checklists')

  test('there are cases', () => {
    expect(asked.length).toBeGreaterThanOrEqual(20)
  })

  test.each(asked)('$name', ({ order = 'any', tasks, done, skipped, states, settled, complete }) => {
    const content = { title: 'First steps', order, tasks: tasks.map((key) => ({ key, title: key })) }
    expect(progressOf(content, { done: settledAt(done), skipped: settledAt(skipped) })).toEqual({
      tasks: states,
      settled,
      complete,
    })
  })
})

describe('two accounts of tasks', () => {
  const some = fc.dictionary(fc.constantFrom('first', 'second', '__proto__'), fc.nat(50), { maxKeys: 3 })
  const account: fc.Arbitrary<Settled> = fc.record({ done: some, skipped: some }, { requiredKeys: [] })

  test('join the same whoever comes first, in pairs or twice', () => {
    fc.assert(
      fc.property(account, account, account, (one, two, three) => {
        expect(joinedTasks(one, two)).toEqual(joinedTasks(two, one))
        expect(joinedTasks(joinedTasks(one, two), three)).toEqual(joinedTasks(one, joinedTasks(two, three)))
        expect(joinedTasks(joinedTasks(one, two), two)).toEqual(joinedTasks(one, two))
      }),
    )
  })

  test('keep the latest instant, and forget what was reset', () => {
    const whole = joinedTasks(
      { done: { a: 5, b: 9 }, skipped: { c: 2 } },
      { done: { a: 7, b: 8 }, skipped: { c: 1, d: 3 } },
    )
    expect(whole).toEqual({ done: { a: 7, b: 9 }, skipped: { c: 2, d: 3 } })
    expect(joinedTasks(whole, { reset: 7 })).toEqual({ done: { b: 9 }, skipped: {} })
  })
})
