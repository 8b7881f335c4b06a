import type { Revision } from '@handrail/wire'
import type { Dispose, Guard } from '../guard.ts'

interface Asked {
  view: Window & typeof globalThis
  guard: Guard
  fetch: typeof fetch
  /** Where the revision of this page's environment is; nothing while the server may not be asked. */
  address(): string | undefined
  heard(told: Revision): void
}

export interface Revisions {
  /** Asks now; what is live, or nothing where the server gives no answer. */
  read(): Promise<string[] | undefined>
  stop: Dispose
}

const LEAST = 30_000

/**
 * Hears within a minute that something was published or paused, while the page is visible. All tabs of a browser ask
 * once: whoever asked tells the others, and they wait anew.
 */
export function watchRevision({ view, guard, fetch, address, heard }: Asked): Revisions {
  const page = view.document
  const { locks } = view.navigator
  let timer = 0
  let channel: BroadcastChannel | undefined

  const later = () => {
    view.clearTimeout(timer)
    timer = view.setTimeout(guard(tick), LEAST + Math.random() * LEAST)
  }

  function tick() {
    later()
    // Two tabs whose time came together: one of them asks.
    const asked = locks
      ? locks.request('handrail:revision', { ifAvailable: true }, (lock) => (lock ? ask() : undefined))
      : ask()
    asked.catch(() => undefined)
  }

  async function ask(): Promise<string[] | undefined> {
    const url = address()
    // A hidden page has nobody to show anything to.
    if (!url || page.visibilityState !== 'visible') return undefined
    const told: Revision = await (await fetch(url)).json()
    if (!Array.isArray(told.live)) return undefined
    channel?.postMessage({ url, told })
    later()
    heard(told)
    return told.live
  }

  /** An open channel would keep the page out of the back/forward cache. */
  const close = guard(() => channel?.close())
  const open = guard(() => {
    channel?.close()
    channel = new view.BroadcastChannel('handrail:revision')
    channel.onmessage = guard(({ data }: MessageEvent<{ url: string; told: Revision }>) => {
      if (data.url !== address()) return
      later()
      // A hidden page asks anew when it is looked at again.
      if (page.visibilityState === 'visible') heard(data.told)
    })
  })
  if (view.BroadcastChannel) open()
  view.addEventListener('pagehide', close)
  if (view.BroadcastChannel) view.addEventListener('pageshow', open)
  later()

  return {
    read: () => ask().catch(() => undefined),
    stop() {
      view.clearTimeout(timer)
      close()
      view.removeEventListener('pagehide', close)
      view.removeEventListener('pageshow', open)
    },
  }
}
