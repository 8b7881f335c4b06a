import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createOutbox } from '../src/outbox.ts'

const SAID = '{"success":true}'

/** An outbox whose server answers as told: true takes the batch, false cuts the reply after it. */
function boxed(...replies: boolean[]) {
  const sent: string[][] = []
  const kept = new Map<string, unknown>()
  const outbox = createOutbox(
    {
      store: {
        get: <T>(name: string) => kept.get(name) as T | undefined,
        set: (name, value) => kept.set(name, structuredClone(value)),
        remove: (name) => kept.delete(name),
      },
      guard: (callback) => callback,
      fetch: (async (_: string, { body }: { body: string }) => {
        sent.push((JSON.parse(body) as { batch: { event: string }[] }).batch.map(({ event }) => event))
        if (replies.shift() === false) throw new Error('cut')
        return { ok: true, status: 200, headers: new Headers(), text: async () => SAID }
      }) as unknown as typeof fetch,
      beacon: () => true,
      now: () => Date.now(),
      random: () => 1,
      lost: () => undefined,
    },
    () => ({ url: 'https://handrail.example/v1/batch', key: 'wk' }),
  )
  return { outbox, sent, waiting: () => (kept.get('outbox') as unknown[]).length }
}

describe('the outbox', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('tries again what was cut, also when something was added in the quiet before', async () => {
    const { outbox, sent, waiting } = boxed(false, true)
    outbox.add({ type: 'track', event: 'first' })
    outbox.flush()
    await vi.advanceTimersByTimeAsync(10)
    outbox.add({ type: 'track', event: 'second' })
    outbox.flush()
    expect(sent).toEqual([['first']])
    await vi.advanceTimersByTimeAsync(1_500)
    expect(sent).toEqual([['first']])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(sent).toEqual([['first'], ['first', 'second']])
    expect(waiting()).toBe(0)
  })

  test('says what has the same id once', () => {
    const { outbox } = boxed()
    outbox.add({ type: 'track', event: 'question_answered', messageId: 'r.0.1' })
    outbox.add({ type: 'track', event: 'question_answered', messageId: 'r.0.1' })
    expect(outbox.waiting().map(({ messageId }) => messageId)).toEqual(['r.0.1'])
    outbox.stop()
  })
})
