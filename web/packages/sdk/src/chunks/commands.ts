import type { BootReply } from '@handrail/wire'
import type { Runtime, Started } from '../runtime.ts'
import type { Store } from '../store.ts'

type Listener = (detail: unknown) => void

interface Hands {
  runtime: Runtime
  store: Store
  /** What boot is asked beside the usual. */
  host: Record<string, unknown>
  listeners: Map<string, Set<Listener>>
  reply(): BootReply | undefined
  refuse(why: string): unknown
  boot(): void
  reset(): void
  hear(event: string, listener: Listener): void
}

/** What the posts feed does and tells. */
const FEED =
  /^(do (widget:(open|close|resetLastOpenDate|(show|hide)Trigger)|badge:find)|get widget:(unreadCount|lastOpenDate))$/

const CENTER = 'resource_center'

/** What few pages ask for, by the words it is pushed with. */
const RARE: Record<string, (hands: Hands) => unknown> = {
  'do boosted:refresh': ({ boot }) => boot(),
  'do boosted:hash-change': ({ runtime }) => runtime.opened(),
  'do resource-center:open': openCenter,
  'do resource-center:close'({ runtime }) {
    for (const { candidate, play } of runtime.all()) if (candidate.kind === CENTER) play?.close?.()
  },
  'do storage:reset'({ store, reset }) {
    reset()
    for (const name of ['skew', 'lost', 'quiet', 'brought']) store.remove(name)
  },
  'get user:segments': segments,
}

/** Opens the center that may show on this page, and says why none of them may. */
async function openCenter({ runtime, reply }: Hands): Promise<Started | undefined> {
  let answer: Started | undefined
  for (const { kind, key } of reply()?.candidates ?? []) {
    if (kind === CENTER) answer = await runtime.start(key, 'manual')
    if (answer?.started) break
  }
  return answer
}

/** The keys of the user's segments, which boot sends only to pages that ask. */
function segments({ host, listeners, reply, hear, boot }: Hands): Promise<string[]> {
  if (!host['segments']) boot()
  host['segments'] = true
  return new Promise((resolve) => {
    const look = () => {
      const known = reply()?.segments
      if (!known) return
      listeners.get('ready')?.delete(look)
      resolve(known)
    }
    hear('ready', look)
    look()
  })
}

/** Does or gets what `command` says, or says that nothing is called so. */
export function perform(command: string, argument: unknown, hands: Hands): unknown {
  if (FEED.test(command)) return hands.runtime.widget(command.slice(command.indexOf(' ') + 1), argument)
  const does = Object.hasOwn(RARE, command) ? RARE[command] : undefined
  return does ? does(hands) : hands.refuse(`there is no "${command}" in this release`)
}
