import type { Action } from '@handrail/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ORDER, readStack } from '../src/index.ts'
import { loadCases, loadTable } from './cases.ts'

interface Stack {
  actions: Action[]
  snooze_left?: number
  is_last?: boolean
  launch?: 'refused'
  stays?: boolean
  effects: string[]
  outcome: string | null
}

/** What the case says of snoozes, counted from the other side. */
function usedOf({ actions, snooze_left }: Stack): number {
  const snooze = actions.find((each) => each.type === 'snooze')
  const allowed = snooze?.type === 'snooze' ? (snooze.up_to ?? 3) : 3
  return snooze_left === undefined ? 0 : allowed - snooze_left
}

describe('stacks of actions', () => {
  test.each(loadCases<Stack>('actions', 'outcomes'))('$name', (stack) => {
    const { actions, is_last: isLast = false, launch, stays = false } = stack
    // A launch whose target is refused is taken out before the stack is read.
    const taken = launch === 'refused' ? actions.filter((each) => each.type !== 'launch_experience') : actions
    const [done, outcome] = readStack(taken, { snoozesUsed: usedOf(stack), isLast, stays })
    expect({ effects: done.map(({ does }) => does), outcome }).toEqual({
      effects: stack.effects,
      outcome: stack.outcome,
    })
  })

  test('all forty pairs that the matrix allows are cases', () => {
    const pairs = loadCases<Stack>('actions', 'outcomes').filter(({ name }) => / then \w+: /.test(name))
    const named = new Set(pairs.map(({ actions }) => actions.map((each) => each.type).join(' ')))
    expect(named.size).toBe(40)
    const rows = loadTable<{ rows: Record<string, Record<string, boolean | null>> }>('combinations')?.rows ?? {}
    const allowed = Object.entries(rows).flatMap(([row, columns]) =>
      Object.keys(columns).flatMap((column) => (columns[column] ? `${row} ${column}` : [])),
    )
    expect(named).toEqual(new Set(allowed))
  })

  const action = fc.constantFrom<Action>(
    { type: 'go_to_step', step: 'next' },
    { type: 'go_to_step', step: 'complete' },
    { type: 'dismiss' },
    { type: 'snooze' },
    { type: 'launch_experience', experience: 'tips' },
    { type: 'navigate_to', url: '/' },
    { type: 'run_js', code: '' },
  )
  const standing = fc.record({ snoozesUsed: fc.nat(5), isLast: fc.boolean() })

  test('the stored order changes nothing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(action, { selector: ({ type }) => type }),
        standing,
        fc.nat(),
        (actions, stands, by) => {
          const turned = [...actions.slice(by % 7), ...actions.slice(0, by % 7)]
          expect(readStack(turned, stands)).toEqual(readStack(actions, stands))
        },
      ),
    )
  })

  test('no step is drawn beside an outcome', () => {
    fc.assert(
      fc.property(fc.array(action), standing, (actions, stands) => {
        const [done, outcome] = readStack(actions, stands)
        expect(done.some(({ does }) => does === 'go_to_step') && outcome !== null).toBe(false)
      }),
    )
  })

  test('the nominal order is the table’s', () => {
    expect({ order: [...ORDER] }).toEqual({ order: loadTable<{ order: string[] }>('execution_order')?.order })
  })
})
