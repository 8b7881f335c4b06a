import type { Ports } from './runtime.ts'
import type { Scene } from './scene.ts'

/** Approved code of run_js actions. */
export interface Code {
  /** Fetches the modules that a part of a document names, before they are wanted. */
  arm(part: unknown): void
  /** Runs a module, at once when it is there. Where the page lets none run, that is told. */
  run(scene: Scene, step: string, code: string): void
  /** Whether a module that was wanted has not run yet; goes on then, or after a moment. */
  holds(go: () => void): boolean
}

/** What approved code is given: where it runs, and this user's attributes by their full names. */
interface Context {
  [about: string]: unknown
  attribute(name: string): unknown
}
interface Module {
  run(context: Context): unknown
}
/** As much of the browser's own types as we use; its library has none of them yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

const POLICY = 'handrail-code'
const NAMED = /"type":"run_js","code":"([\w-]{43})"/g
/** How long a navigation in the same tab waits for a module, in milliseconds (RULES 29). */
const HOLD = 300

/**
 * Approved code: modules on our own origin, named by the hash of their bytes, fetched under that hash before they are
 * wanted and called synchronously then. Nothing of it is loaded, and nothing runs, where the page says no.
 */
export function createCode(ports: Ports): Code {
  const { view, guard } = ports
  const waiting = new Map<string, Promise<Module>>()
  const loaded = new Map<string, Module>()
  /** The page's veto stands whatever the server says. */
  const allows = () => ports.host['core:allowJs'] !== false && !view.document.querySelector('script[data-allow-js=off]')
  let trusted: ((url: string) => string) | undefined

  /** Throws where the page's Trusted Types list names no policy of ours: that is the page's way to say no. */
  function trust(url: string): string {
    const types = (view as unknown as { trustedTypes?: TrustedTypes }).trustedTypes
    if (!trusted && types) {
      const policy = types.createPolicy(POLICY, { createScriptURL: (each) => each })
      trusted = (each) => policy.createScriptURL(each)
    }
    return trusted ? trusted(url) : url
  }

  async function fetchModule(hash: string): Promise<Module> {
    const url = new URL(`../code/${hash}.js`, import.meta.url).href
    const trustedUrl = trust(url)
    const digest = `${hash.replaceAll('-', '+').replaceAll('_', '/')}=`
    // The browser compares the bytes with the hash; what it then imports comes from its cache.
    const response = await view.fetch(url, { integrity: `sha256-${digest}`, credentials: 'omit' })
    if (!response.ok) throw new Error('not_loaded')
    await response.text()
    const module = (await import(/* @vite-ignore */ trustedUrl)) as Module
    loaded.set(hash, module)
    return module
  }

  function load(hash: string): Promise<Module> {
    const kept = waiting.get(hash)
    if (kept) return kept
    const coming = fetchModule(hash)
    waiting.set(hash, coming)
    coming.catch(() => waiting.delete(hash))
    return coming
  }

  /** What has been wanted before it was there. */
  let late: Promise<unknown> | undefined
  const failed = (scene: Scene, step: string, code: string) => (problem: unknown) =>
    void scene.tell('code_failed', { step, code, reason: String(problem).slice(0, 200) })

  return {
    arm(part) {
      if (!allows()) return
      for (const [, hash] of JSON.stringify(part).matchAll(NAMED)) load(hash as string).catch(() => undefined)
    },
    run(scene, step, code) {
      const fail = failed(scene, step, code)
      if (!allows()) return fail('vetoed')
      const context: Context = Object.freeze({
        ...scene.about,
        step,
        locale: ports.locale(),
        attribute: (name: string) => ports.values(name),
      })
      const call = ({ run }: Module) => {
        if (!allows()) return
        try {
          Promise.resolve(run(context)).catch(guard(fail))
        } catch (problem) {
          fail(problem)
        }
      }
      const module = loaded.get(code)
      if (module) return call(module)
      const coming = load(code).then(
        guard(call),
        guard(() => fail('not_loaded')),
      )
      late = Promise.all([late, coming])
      return undefined
    },
    holds(go) {
      if (!late) return false
      const moment = new Promise((resolve) => view.setTimeout(resolve, HOLD))
      Promise.race([late, moment]).then(go)
      late = undefined
      return true
    },
  }
}
