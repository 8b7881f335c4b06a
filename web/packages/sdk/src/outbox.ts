import type { Dispose, Guard } from './guard.ts'
import type { Store } from './store.ts'
import { newId } from './values.ts'

/** An event as Segment's API takes it. */
export interface Message {
  type: 'identify' | 'track' | 'group'
  messageId: string
  timestamp: string
  anonymousId?: string
  userId?: string
  event?: string
  groupId?: string
  traits?: object
  properties?: object
  context?: object
}

export interface Outbox {
  add(message: Omit<Message, 'messageId' | 'timestamp'> & { messageId?: string; timestamp?: string }): string
  /** What waits, oldest first, as much as one request may carry. */
  waiting(): Message[]
  settled(ids: readonly string[]): void
  /** Sends now; `leaving` when the page goes away and nothing can be waited for. */
  flush(leaving?: boolean): void
  stop: Dispose
}

const SIX_DAYS = 6 * 86_400_000
const MOST_WAITING = 200
const MOST_BYTES = 60_000

interface Ports {
  store: Store
  guard: Guard
  fetch: typeof fetch
  beacon: (url: string, body: string) => boolean
  now: () => number
  random: () => number
}

/** Events on their way: kept over reloads, sent in batches, tried again with jitter, forgotten after six days. */
export function createOutbox(
  ports: Ports,
  address: () => { url: string; key: string; signature?: string | undefined } | null,
): Outbox {
  const { store, guard, now } = ports
  let messages = (store.get<Message[]>('outbox') ?? []).filter((each) => Date.parse(each.timestamp) > now() - SIX_DAYS)
  let timer = 0
  let tries = 0
  let quietUntil = 0
  let sending = false
  const keep = () => store.set('outbox', messages)

  const waiting = () => {
    let size = 0
    return messages.filter((each) => (size += JSON.stringify(each).length) < MOST_BYTES)
  }
  const settled = (ids: readonly string[]) => {
    const gone = new Set(ids)
    messages = messages.filter((each) => !gone.has(each.messageId))
    keep()
  }
  const later = (delay: number) => {
    clearTimeout(timer)
    timer = setTimeout(
      guard(() => flush()),
      delay,
    ) as unknown as number
  }
  const retry = (seconds = 0) => {
    const most = Math.min(2 ** tries++ * 2000, 600_000)
    const delay = seconds ? seconds * 1000 : most * (0.5 + ports.random() / 2)
    quietUntil = now() + delay
    later(delay)
  }
  const flush = (leaving = false) => {
    const to = address()
    const batch = waiting()
    if (!to || !batch.length || (!leaving && sending)) return
    // Whatever came in the meantime has set the timer anew; what waits is tried again all the same.
    if (!leaving && now() < quietUntil) return later(quietUntil - now())
    const body = JSON.stringify({
      writeKey: to.key,
      signature: to.signature,
      sentAt: new Date(now()).toISOString(),
      batch,
    })
    const ids = batch.map((each) => each.messageId)
    if (leaving) {
      // The batch stays in the outbox until the server says it has it; the message ids make a repeat harmless.
      ports.beacon(to.url, body)
      return
    }
    sending = true
    ports
      .fetch(to.url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'text/plain' },
        keepalive: body.length < MOST_BYTES,
      })
      .then(async (response) => {
        const told = await response.text()
        if (response.ok && told.includes('"success":true')) {
          settled(ids)
          tries = 0
          if (messages.length) later(0)
        } else if (response.ok || response.status >= 500 || response.status === 429 || response.status === 408)
          retry(Number(response.headers.get('retry-after')) || 0)
        else settled(ids)
      })
      .catch(() => retry())
      .finally(() => {
        sending = false
      })
      .catch(() => undefined)
  }
  return {
    add(message) {
      const made = { messageId: newId(), timestamp: new Date(now()).toISOString(), ...message } as Message
      messages = [...messages.filter((each) => each.messageId !== made.messageId), made].slice(-MOST_WAITING)
      keep()
      later(messages.length >= 10 ? 0 : 1000)
      return made.messageId
    },
    waiting,
    settled,
    flush,
    stop() {
      clearTimeout(timer)
    },
  }
}
