import type { Runtime, Started } from './runtime.ts'
import { type Config, createSdk, VERSION } from './sdk.ts'

/** The mark in the names of this build's chunks. */
declare const BUILD: string

/** What the page finds on `window.handrail`, and on `window.jimo` where the alias is on. */
interface Queue extends Array<unknown> {
  start?(key: string): Promise<Started>
  decisions?: Runtime['decisions']
  hold?(): void
  release?(): void
  shutdown?(): void
  version?: string
}
type Page = Window &
  typeof globalThis & {
    handrail?: Queue
    jimo?: Queue
    segmentJimo?: { initialized: boolean; client(): unknown }
    jimoInit?(): void
    jimoKill?(): void
    JIMO_PROJECT_ID?: string
    JIMO_MANUAL_INIT?: boolean
  }

const projectOf = (view: Page, script: HTMLScriptElement | null) => script?.dataset['project'] ?? view.JIMO_PROJECT_ID

/** Adopts the buffers that the page filled, runs what is in them, and takes over their `push`. */
function load(view: Page, script: HTMLScriptElement | null, base: string): void {
  if (view.handrail?.version) return
  const alias = script?.dataset['alias'] !== 'off'
  const project = projectOf(view, script)
  if (!project) {
    view.console.warn('[handrail] no project: set JIMO_PROJECT_ID')
    return
  }
  const queues: Queue[] = [(view.handrail ??= [])]
  if (alias && view.jimo && view.jimo !== view.handrail) queues.push(view.jimo)
  else if (alias) view.jimo = view.handrail
  if (queues.some(Object.isFrozen)) {
    view.console.warn('[handrail] window.jimo is frozen')
    return
  }
  const config: Config = { base, project, build: BUILD, key: script?.dataset['key'] || undefined }
  const sdk = createSdk(view, config, !!view.JIMO_MANUAL_INIT)
  const names = ['handrail', ...(alias ? ['jimo', 'segmentJimo', 'jimoInit', 'jimoKill'] : [])]
  const shutdown = () => {
    sdk.shutdown()
    for (const name of names) delete (view as unknown as Record<string, unknown>)[name]
  }
  for (const queue of queues) {
    // Taken out before they run: a stub that pushes again while we drain must not go round for ever.
    const waiting = queue.splice(0)
    const surface: Partial<Queue> = {
      push(...pushed) {
        let answer: unknown
        for (const command of pushed) answer = sdk.run(command)
        return answer as number
      },
      start: sdk.start,
      decisions: sdk.runtime.decisions,
      hold: () => sdk.runtime.hold(true),
      release: () => sdk.runtime.hold(false),
      shutdown,
      version: VERSION,
    }
    Object.assign(queue, surface)
    for (const command of waiting) sdk.run(command)
  }
  if (!alias) return
  const client = queues.at(-1)
  view.segmentJimo = { initialized: !view.JIMO_MANUAL_INIT, client: () => client }
  view.jimoInit = () => {
    if (view.segmentJimo) view.segmentJimo.initialized = true
    sdk.init()
  }
  view.jimoKill = shutdown
}

try {
  const script = document.currentScript as HTMLScriptElement | null
  const base = new URL(script?.src ?? location.href).origin
  // A preview's token leaves the address before anything else looks at it.
  if (/[?&]handrail_preview=/.test(location.search))
    import(`${base}/sdk/v1/assets/preview-${BUILD}.js`).then(
      (chunk: typeof import('./chunks/preview.ts')) => {
        chunk.takeToken(window, script?.dataset['key'] ?? projectOf(window as Page, script))
        load(window as Page, script, base)
      },
      () => undefined,
    )
  else load(window as Page, script, base)
} catch (problem) {
  console.warn('[handrail] could not start', problem)
}
