import type { Attributes, Command, EventName, Getters, Listener, SetOptions, Started } from './commands.ts'

export type * from './commands.ts'

export interface Options {
  /** The script's address: `https://handrail.example/sdk/v1/handrail.js`. */
  src: string
  /** The project's public id. */
  project: string
  /** An environment's write key; without it the page's origin picks the environment. */
  key?: string
  /** Whether `window.jimo` and its family are defined too. On when not said. */
  alias?: boolean
  /** The nonce of your content security policy. */
  nonce?: string
  /** Makes a `TrustedScriptURL` of the address, where your page requires trusted types. */
  trust?(src: string): unknown
}

/** Handrail on this page. Without a window, as on a server, every call does nothing. */
export interface Handrail {
  /** Binds the visitor to a user at once; resolves once what follows belongs to that user. */
  identify(id: string | number, attributes?: Attributes, signature?: string): Promise<void>
  setAttributes(attributes: Attributes, options?: SetOptions): void
  /** Your names for the user: native fields, not attributes. */
  setUser(fields: { name?: string | null; email?: string | null; language?: string | null }): void
  group(groupId: string | number, traits?: object): void
  track(event: string, properties?: object): void
  /** Starts an experience, or says why it did not. */
  start(key: string): Promise<Started>
  get<Name extends keyof Getters>(name: Name): Promise<Getters[Name] | undefined>
  /** Hears an event until the function it gives is called. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void
  /** Keeps interrupting experiences back while the page is busy. */
  hold(): void
  release(): void
  /** Hands navigations of this origin to your router; one that returns `false` leaves them to the browser. */
  useRouter(navigate: (url: string) => unknown): () => void
  /** Logs out: nothing of the user is left in this browser. */
  reset(): void
  push(command: Command): unknown
  /** Takes everything off the page again. */
  shutdown(): void
}

interface Queue extends Array<unknown> {
  version?: string
  start?(key: string): Promise<Started>
  shutdown?(): void
}
type Page = Window & typeof globalThis & { handrail?: Queue }

const loads = new WeakMap<Page, Promise<boolean>>()

/** Loads the script once a page, however many ask, and gives the typed surface of its commands. */
export function createHandrail(options: Options): Handrail {
  const view = typeof window === 'undefined' ? undefined : (window as Page)
  const queue = (): Queue | undefined => (view ? (view.handrail ??= []) : undefined)
  const send = (command: readonly unknown[]): unknown => queue()?.push(command)
  const push = (command: Command): unknown => send(command)
  const loaded = view ? load(view, options) : Promise.resolve(false)

  return {
    push,
    async identify(id, attributes, signature) {
      if (!view) return
      await new Promise<void>((done) => {
        push(['do', 'identify', [id, done, ...(signature ? ([signature] as const) : ([] as const))]])
        if (attributes) push(['set', 'user:attributes', [attributes, true]])
        // An id that is refused calls nobody back.
        void loaded.then(() => setTimeout(done))
      })
    },
    setAttributes: (attributes, set = {}) => void push(['set', 'user:attributes', [attributes, set]]),
    setUser: (fields) => void push(['set', 'user', fields]),
    group: (groupId, traits = {}) => void push(['set', 'user:group', [{ groupId, traits }]]),
    track: (event, properties = {}) => void push(['do', 'segmentio:track', [{ event, properties }]]),
    async start(key) {
      if (!(await loaded)) return { started: false, because: 'offline' }
      return (await queue()?.start?.(key)) ?? { started: false, because: 'offline' }
    },
    async get(name) {
      if (!(await loaded)) return undefined
      return (await push(['get', name])) as Getters[typeof name] | undefined
    },
    on(name, listener) {
      send(['on', name, [listener]])
      return () => void send(['off', name, [listener]])
    },
    hold: () => void push(['do', 'hold']),
    release: () => void push(['do', 'release']),
    useRouter(navigate) {
      push(['set', 'core:navigate', [navigate]])
      return () => void push(['set', 'core:navigate', [null]])
    },
    reset: () => void push(['do', 'reset']),
    shutdown() {
      if (!view) return
      loads.delete(view)
      view.handrail?.shutdown?.()
    },
  }
}

function load(view: Page, options: Options): Promise<boolean> {
  if (view.handrail?.version) return Promise.resolve(true)
  const before = loads.get(view)
  if (before) return before
  const page = view.document
  const script = page.createElement('script')
  const loading = new Promise<boolean>((resolve) => {
    script.addEventListener('load', () => resolve(!!view.handrail?.version))
    // Blocked or away: the page goes on, and what was pushed waits in the array.
    script.addEventListener('error', () => resolve(false))
  })
  script.async = true
  script.dataset['project'] = options.project
  if (options.key) script.dataset['key'] = options.key
  if (options.alias === false) script.dataset['alias'] = 'off'
  if (options.nonce) script.nonce = options.nonce
  script.src = (options.trust ? options.trust(options.src) : options.src) as string
  page.head.append(script)
  loads.set(view, loading)
  return loading
}
