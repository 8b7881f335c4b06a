import { drawPanel } from '@handrail/renderers/decisions'
import { drawRibbon } from '@handrail/renderers/ribbon'
import type { BootReply } from '@handrail/wire'
import type { Dispose, Guard } from '../guard.ts'
import type { Runtime } from '../runtime.ts'
import type { Store } from '../store.ts'

interface Asked {
  view: Window & typeof globalThis
  guard: Guard
  journal: Store
  runtime: Runtime
  preview: boolean
  reply(): BootReply | undefined
  hear(event: string, listener: (detail: unknown) => void): void
}

/** What a visitor's address asks for: an experience by a shared link, a preview, the panel that says why. */
export function welcome({ view, guard, journal, runtime, preview, reply, hear }: Asked): Dispose {
  const offs: Dispose[] = []
  const address = new URL(view.location.href)
  const debug = address.searchParams.get('handrail_debug')
  if (debug !== null) journal.set('debug', debug !== '0')
  if (journal.get('debug')) offs.push(drawPanel(view.document, guard, runtime, reply, hear))
  let shared = address.searchParams.get('handrail')
  let ribbon: Dispose | undefined
  const start = () => {
    if (shared) {
      const key = shared
      shared = null
      // Followed once: a reload or a copied address does not show it again.
      address.searchParams.delete('handrail')
      view.history.replaceState(view.history.state, '', address)
      void runtime.start(key, 'link')
    }
    const key = preview && reply()?.preview
    if (!key || ribbon) return
    ribbon = drawRibbon(view.document, guard, key, {
      again: () => void runtime.start(key, 'preview'),
      end() {
        journal.remove('preview')
        view.location.reload()
      },
    })
    void runtime.start(key, 'preview')
  }
  hear('ready', start)
  if (reply()) start()
  return () => {
    ribbon?.()
    for (const off of offs) off()
  }
}
