import type { Dispose, Guard } from './guard.ts'
import { jsonOf } from './json.ts'
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
  /** Takes a Retry-After, in seconds: nothing is asked of the server before it is over. */
  hush(seconds: string | null): void
  /** Milliseconds until the server may be asked again. */
  quietFor(): number
  stop: Dispose
}

const SIX_DAYS = 6 * 86_400_000
/** Bytes of one request: what a page that goes away may still send is 64 KiB, the host's own included. */
const MOST_BYTES = 60_000
/** Characters of one event, more than the server takes of one. */
const MOST_EVENT = 33_000
/** Characters that are kept in all, out of what the store has. */
const MOST_KEPT = 200_000
const LONGEST_WAIT = 600_000

interface Ports {
  store: Store
  guard: Guard
  fetch: typeof fetch
  beacon: (url: string, body: string) => boolean
  now: () => number
  random: () => number
  /** Tells how many events were dropped, once events are accepted again. */
  lost(count: number): void
}

/** Whether asking again would change nothing: the server names what is wrong with the request. */
export const isFinal = (status: number) => /^4(?!08|29)/.test(`${status}`)

const bytes = (text: string) => new TextEncoder().encode(text).length

/** Events on their way: kept over reloads, sent in batches, tried again with jitter, forgotten after six days. */
export function createOutbox(
  ports: Ports,
  address: () => { url: string; key: string; signature?: string | undefined } | null,
): Outbox {
  const { store, guard, now } = ports
  const stored = () => store.get<Message[]>('outbox') ?? []
  let messages = stored().filter((each) => Date.parse(each.timestamp) > now() - SIX_DAYS)
  let timer = 0
  let tries = 0
  let retryAt = 0
  // Never longer than one wait, whatever a clock that was set back makes of it.
  let quietUntil = Math.min(store.get('quiet') ?? 0, now() + LONGEST_WAIT)
  let sending = false

  const idsOf = (all: readonly Message[]) => all.map((each) => each.messageId)
  const lost = () => store.get<number>('lost') ?? 0
  const lose = () => store.set('lost', lost() + 1)

  /** Writes down what waits, beside what other tabs wrote since; the oldest makes room. */
  function keep(gone: readonly string[] = []) {
    const known = new Set([...gone, ...idsOf(messages)])
    const all = [...stored().filter((each) => !known.has(each.messageId)), ...messages]
    while (jsonOf(all).length > MOST_KEPT) {
      all.shift()
      lose()
    }
    messages = all.slice(-messages.length || all.length)
    store.set('outbox', all)
  }
  const waiting = () => {
    let size = 0
    return messages.filter((each) => (size += bytes(jsonOf(each))) < MOST_BYTES)
  }
  const settled = (ids: readonly string[]) => {
    messages = messages.filter((each) => !ids.includes(each.messageId))
    keep(ids)
    const count = lost()
    store.remove('lost')
    if (count) ports.lost(count)
  }
  const quietFor = () => Math.max(quietUntil - now(), 0)
  const later = (delay: number) => {
    clearTimeout(timer)
    timer = setTimeout(
      guard(() => flush()),
      // Browsers cut fractions off, and a timer that fires too early would find that it is not time yet.
      Math.ceil(Math.max(delay, retryAt - now(), quietFor())),
    ) as unknown as number
  }
  function hush(seconds: string | null) {
    const wait = Math.min(Number(seconds) * 1000, LONGEST_WAIT)
    if (wait > 0) store.set('quiet', (quietUntil = now() + wait))
  }
  const retry = () => {
    retryAt = now() + Math.min(2 ** tries++ * 2000, LONGEST_WAIT) * (0.5 + ports.random() / 2)
    later(0)
  }
  const flush = (leaving = false) => {
    const to = address()
    const batch = waiting()
    // What is not sent now is sent by the next page, or by the next boot.
    if (!to || !batch.length || quietFor() || (!leaving && (sending || now() < retryAt))) return
    const body = jsonOf({
      writeKey: to.key,
      signature: to.signature,
      sentAt: new Date(now()).toISOString(),
      batch,
    })
    const ids = idsOf(batch)
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
        // The host may have used the budget up: what failed once goes as a plain request.
        keepalive: !tries && bytes(body) < MOST_BYTES,
      })
      .then(async (response) => {
        const told = await response.text()
        const { ok, status } = response
        if (ok && told.includes('"success":true')) {
          tries = 0
          settled(ids)
          if (messages.length) later(0)
        } else if (!ok && isFinal(status)) settled(ids)
        else {
          hush(response.headers.get('retry-after'))
          retry()
        }
      })
      .catch(retry)
      .finally(() => {
        sending = false
      })
      .catch(() => undefined)
  }
  return {
    add(message) {
      const made = { messageId: newId(), timestamp: new Date(now()).toISOString(), ...message } as Message
      if (jsonOf(made).length > MOST_EVENT) {
        lose()
        return made.messageId
      }
      messages = [...messages.filter((each) => each.messageId !== made.messageId), made]
      keep()
      later(messages.length >= 10 ? 0 : 1000)
      return made.messageId
    },
    waiting,
    settled,
    flush,
    hush,
    quietFor,
    stop() {
      clearTimeout(timer)
    },
  }
}
