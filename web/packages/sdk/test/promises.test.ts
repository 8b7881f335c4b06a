import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createOutbox, type Message } from '../src/outbox.ts'
import { createStore, MOST } from '../src/store.ts'

const START = Date.parse('2026-11-28T00:00:00Z')
const HOUR = 3_600_000

/** A browser's storage of a given size in characters; what does not fit is refused, as browsers refuse it. */
function shelfOf(most = 5_000_000): Storage {
  const kept = new Map<string, string>()
  const total = () => [...kept].reduce((sum, [key, text]) => sum + key.length + text.length, 0)
  const shelf = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem(key: string, text: string) {
      const before = kept.get(key)?.length ?? -key.length
      if (total() - before + text.length > most) throw new DOMException('full', 'QuotaExceededError')
      kept.set(key, text)
    },
    removeItem: (key: string) => void kept.delete(key),
  }
  return new Proxy(shelf, {
    ownKeys: () => [...kept.keys()],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  }) as unknown as Storage
}

type Answer = { status: number; body?: string; retryAfter?: string } | 'dead'

/** A server that says what the script says, and keeps what it answered 200. */
class Server {
  asked: { at: number; body: string; keepalive: boolean; ids: string[] }[] = []
  kept = new Map<string, number>()
  script: (at: number) => Answer = () => ({ status: 200 })
  fetch = async (_url: unknown, options?: RequestInit): Promise<Response> => {
    const body = String(options?.body)
    const batch = (JSON.parse(body) as { batch: Message[] }).batch
    this.asked.push({ at: Date.now(), body, keepalive: !!options?.keepalive, ids: batch.map((each) => each.messageId) })
    const answer = this.script(Date.now())
    if (answer === 'dead') throw new TypeError('Failed to fetch')
    if (answer.status === 200)
      for (const { messageId } of batch) this.kept.set(messageId, (this.kept.get(messageId) ?? 0) + 1)
    const headers = answer.retryAfter ? { 'retry-after': answer.retryAfter } : {}
    return new Response(answer.body ?? '{"success":true}', { status: answer.status, headers })
  }
}

interface Made {
  shelf?: Storage
  server?: Server
  denied?: boolean
  beacon?: (url: string, body: string) => boolean
  random?: () => number
}

function opened({
  shelf = shelfOf(),
  server = new Server(),
  denied = false,
  beacon = () => true,
  random = () => 0.5,
}: Made = {}) {
  const lost: number[] = []
  const store = createStore(() => {
    if (denied) throw new DOMException('denied', 'SecurityError')
    return shelf
  }, 'handrail:p:')
  const outbox = createOutbox(
    {
      store,
      guard: (callback) => callback,
      fetch: server.fetch as typeof fetch,
      beacon,
      now: () => Date.now(),
      random,
      lost: (count) => lost.push(count),
    },
    () => ({ url: 'https://h/v1/batch', key: 'k' }),
  )
  const track = (event: string, more: object = {}) => outbox.add({ type: 'track', event, ...more })
  return { shelf, server, store, outbox, track, lost }
}

beforeEach(() => vi.useFakeTimers({ now: START }))
afterEach(() => vi.useRealTimers())

describe('an outbox', () => {
  test('a retry that is due at a fraction of a millisecond is not given up by a timer that cuts it off', async () => {
    const server = new Server()
    let failures = 1
    server.script = () => (failures-- > 0 ? 'dead' : { status: 200 })
    const { track, outbox } = opened({ server, random: () => 0.12345 })
    track('A')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.asked).toHaveLength(2)
    expect(outbox.waiting()).toEqual([])
  })

  test('asks nothing inside a Retry-After window, whatever is added, and delivers everything after it', async () => {
    const { server, outbox, track } = opened()
    server.script = (at) => (at < START + 600_000 ? { status: 429, retryAfter: '600' } : { status: 200 })
    const ids = [track('first')]
    await vi.advanceTimersByTimeAsync(1000)
    expect(server.asked).toHaveLength(1)
    for (let minute = 0; minute < 9; minute++) {
      for (let at = 0; at < 12; at++) ids.push(track(`event ${minute}.${at}`))
      outbox.flush()
      outbox.flush(true)
      await vi.advanceTimersByTimeAsync(60_000)
    }
    expect(server.asked, 'no request inside the window').toHaveLength(1)
    await vi.advanceTimersByTimeAsync(120_000)
    expect([...server.kept.keys()].sort()).toEqual(ids.sort())
    expect(server.asked.length).toBeLessThanOrEqual(3)
  })

  test('keeps to a window over a reload, and not for longer than ten minutes when the clock was set back', async () => {
    const { server, shelf, track } = opened()
    server.script = () => ({ status: 503, retryAfter: '300' })
    track('first')
    await vi.advanceTimersByTimeAsync(1000)
    const next = opened({ shelf, server })
    next.track('second')
    await vi.advanceTimersByTimeAsync(250_000)
    expect(server.asked).toHaveLength(1)
    vi.setSystemTime(START - 400 * 24 * HOUR)
    expect(opened({ shelf, server }).outbox.quietFor()).toBeLessThanOrEqual(600_000)
  })

  test('loses nothing in an outage of a day, within what it may keep, and repeats nothing', async () => {
    const { server, track, lost } = opened()
    server.script = (at) => (at < START + 24 * HOUR ? 'dead' : { status: 200 })
    const ids: string[] = []
    for (let hour = 0; hour < 24; hour++) {
      for (let at = 0; at < 20; at++) ids.push(track('order_placed', { properties: { hour, at } }))
      await vi.advanceTimersByTimeAsync(HOUR)
    }
    const asked = server.asked.length
    expect(asked).toBeLessThan(24 * 14)
    await vi.advanceTimersByTimeAsync(20 * 60_000)
    expect([...server.kept.keys()].sort()).toEqual(ids.sort())
    expect(Math.max(...server.kept.values())).toBe(1)
    expect(lost).toEqual([])
  })

  test('backs off to a minute and more', async () => {
    const { server, track } = opened()
    server.script = () => 'dead'
    track('first')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.asked.length).toBeLessThanOrEqual(6)
    await vi.advanceTimersByTimeAsync(HOUR)
    const gaps = server.asked.slice(1).map(({ at }, index) => at - (server.asked[index]?.at ?? 0))
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(60_000)
  })

  test('drops the oldest above its share of the storage, and tells how many once it may', async () => {
    const { server, shelf, track, lost } = opened()
    server.script = (at) => (at < START + HOUR ? 'dead' : { status: 200 })
    const text = 'x'.repeat(5000)
    const ids = Array.from({ length: 60 }, (_, at) => track('big', { properties: { at, text } }))
    const size = () => Object.keys(shelf).reduce((sum, key) => sum + key.length + (shelf.getItem(key)?.length ?? 0), 0)
    expect(size()).toBeLessThanOrEqual(MOST)
    expect(size()).toBeGreaterThan(180_000)
    await vi.advanceTimersByTimeAsync(2 * HOUR)
    const kept = [...server.kept.keys()]
    expect(kept).toEqual(ids.slice(-kept.length))
    expect(lost).toEqual([60 - kept.length])
  })

  test('drops and counts an event that no server would take, and the others go on', async () => {
    const { server, track, lost } = opened()
    track('huge', { properties: { text: 'x'.repeat(40_000) } })
    const small = track('small')
    await vi.advanceTimersByTimeAsync(2000)
    expect([...server.kept.keys()]).toEqual([small])
    expect(lost).toEqual([1])
  })

  test('keeps each request inside the budget that a leaving page has, measured in bytes', async () => {
    const { server, track } = opened()
    for (let at = 0; at < 30; at++) track('wide', { properties: { text: '界'.repeat(1500) } })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(server.kept.size).toBe(30)
    for (const { body, keepalive } of server.asked) {
      const bytes = new TextEncoder().encode(body).length
      expect(bytes).toBeLessThan(64 * 1024)
      if (keepalive) expect(bytes).toBeLessThan(60_000)
    }
  })

  test('goes without keepalive where the host has used the budget up', async () => {
    const server = new Server()
    const plain = server.fetch
    server.fetch = (url, options) =>
      options?.keepalive ? Promise.reject(new TypeError('budget')) : plain(url, options)
    const id = opened({ server }).track('late')
    await vi.advanceTimersByTimeAsync(10_000)
    expect([...server.kept.keys()]).toEqual([id])
    expect(server.asked.map(({ keepalive }) => keepalive)).toEqual([false])
  })

  test('keeps what a refused beacon did not take for the next visit', async () => {
    const told: string[] = []
    const { shelf, server, outbox, track } = opened({ beacon: (_url, body) => told.push(body) < 0 })
    server.script = () => 'dead'
    const ids = Array.from({ length: 40 }, (_, at) => track('leaving', { properties: { at, text: 'x'.repeat(4500) } }))
    outbox.flush(true)
    expect(told).toHaveLength(1)
    expect(new TextEncoder().encode(told[0]).length).toBeLessThan(64 * 1024)
    outbox.stop()
    const next = opened({ shelf })
    next.outbox.flush()
    await vi.advanceTimersByTimeAsync(30_000)
    expect([...next.server.kept.keys()].sort()).toEqual(ids.sort())
  })

  test('leaves alone what another tab wrote down meanwhile', async () => {
    const one = opened()
    one.server.script = () => 'dead'
    const other = opened({ shelf: one.shelf, server: one.server })
    const ids = [one.track('one'), other.track('other'), one.track('again')]
    // Both tabs crash; whoever opens next has all of it.
    const waiting = opened({ shelf: one.shelf }).outbox.waiting()
    expect(waiting.map((each) => each.messageId).sort()).toEqual(ids.sort())
    other.outbox.settled([ids[1] ?? ''])
    expect(
      opened({ shelf: one.shelf })
        .outbox.waiting()
        .map((each) => each.messageId)
        .sort(),
    ).toEqual([ids[0], ids[2]].sort())
  })

  test.each([
    ['denied', { denied: true }],
    ['full', { shelf: shelfOf(50) }],
  ])('works from memory where the storage is %s', async (_name, made) => {
    const { server, track } = opened(made)
    const ids = [track('one'), track('two')]
    await vi.advanceTimersByTimeAsync(2000)
    expect([...server.kept.keys()]).toEqual(ids)
  })

  test.each([
    [200, '<html>a page</html>', false],
    [500, 'no', false],
    [503, '', false],
    [408, '', false],
    [400, '{"code":"bad"}', true],
  ])('after %s %s is an event settled: %s', async (status, body, settled) => {
    const { server, outbox, track } = opened()
    server.script = () => ({ status, body })
    track('one')
    await vi.advanceTimersByTimeAsync(1000)
    expect(outbox.waiting()).toHaveLength(settled ? 0 : 1)
  })

  test('forgets after six days', () => {
    const { shelf, server, track } = opened()
    server.script = () => 'dead'
    track('old')
    vi.setSystemTime(START + 6 * 24 * HOUR + 1)
    expect(opened({ shelf }).outbox.waiting()).toEqual([])
  })
})

describe('a store', () => {
  test('never takes more than its share, the others keep what they have', () => {
    const shelf = shelfOf()
    const store = createStore(() => shelf, 'handrail:p:')
    store.set('one', 'x'.repeat(200_000))
    store.set('two', 'y'.repeat(100_000))
    expect(shelf.getItem('handrail:p:two')).toBeNull()
    expect(store.get<string>('two')).toHaveLength(100_000)
    shelf.setItem('of the host', 'z'.repeat(4_500_000))
    expect(store.get<string>('one')).toHaveLength(200_000)
  })

  test('touches nothing before it is written to', () => {
    const shelf = shelfOf()
    const set = vi.spyOn(shelf, 'setItem')
    createStore(() => shelf, 'handrail:p:').get('person')
    expect(set).not.toHaveBeenCalled()
  })
})
