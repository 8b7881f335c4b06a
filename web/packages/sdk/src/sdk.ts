import type { AttributeValue, BootReply, BootRequest, Candidate, Content } from '@handrail/wire'
import { type Command, readCommand } from './commands.ts'
import { createGuard, type Dispose } from './guard.ts'
import { jsonOf } from './json.ts'
import { createLedger } from './ledger.ts'
import { createOutbox, isFinal, type Message } from './outbox.ts'
import { deviceOf, zoneHere } from './page.ts'
import { watchRoute } from './routes.ts'
import { createRuntime, type Runtime, type Said, type Started } from './runtime.ts'
import { createStore } from './store.ts'
import { newId, readId, readLanguage, readValue } from './values.ts'

export const VERSION = '0.1.0'

export interface Config {
  /** Where the SDK came from, and where it asks: `https://handrail.example`. */
  base: string
  project: string
  /** The mark in the names of the chunks that were built with this core. */
  build: string
  key?: string | undefined
}

export interface Sdk {
  run(pushed: unknown): unknown
  init(): void
  start(key: string): Promise<Started>
  runtime: Runtime
  shutdown: Dispose
}

interface Person {
  anonymousId: string
  userId?: string
  native: Record<string, AttributeValue>
  custom: Record<string, AttributeValue>
  /** Somebody logged out here: analytics.js may still know the one before. */
  left?: boolean
}

/** The members of a request that say who asks, and where. */
type Who = 'project' | 'key' | 'anonymousId' | 'userId' | 'signature'

const NATIVE = ['name', 'email', 'language']
const BOOT_GAP = 2000
const BOOT_TIMEOUT = 10_000
/** A page does not wait longer for the server before it goes by what the server said last. */
const SETTLED_AFTER = 3000
const REREAD_AFTER = 30_000
const SEVEN_DAYS = 7 * 86_400_000

/** The SDK of one project on one page. Nothing in here may throw into the page; `guard` stands at every way in. */
export function createSdk(view: Window & typeof globalThis, config: Config, manual: boolean): Sdk {
  const page = view.document
  const warn = (message: string, ...detail: unknown[]) => view.console.warn(`[handrail] ${message}`, ...detail)
  const guard = createGuard(warn)
  // Taken before the page can wrap them, and called as the page's own.
  const fetchHere: typeof fetch = (...args) => view.fetch(...args)
  const prefix = `handrail:${config.key ?? config.project}:`
  const journal = createStore(() => view.sessionStorage, prefix)
  /** The token of a preview: nothing that is done while it is there is counted or kept. */
  const preview = journal.get<string>('preview')
  const store = createStore(
    () => (preview ? view.sessionStorage : view.localStorage),
    preview ? `${prefix}preview:` : prefix,
  )
  let skew = store.get<number>('skew') ?? 0
  const now = () => Date.now() + skew
  let person = readPerson()
  /** What proves the user, from the host's back end. Never stored: the page brings it with every identify. */
  let signature: string | undefined
  let reply: BootReply | undefined
  let booting = false
  let bootAgain = false
  let bootedAt = -BOOT_GAP
  let bootTimer = 0
  let validTimer = 0
  let failures = 0
  let revisionAt = 0
  let stopped = false
  let initialised = !manual
  const host: Record<string, unknown> = {}
  const held: Command[] = []
  const listeners = new Map<string, Set<(detail: unknown) => void>>()
  const contents = new Map<string, Content>()
  const offs: Dispose[] = []

  function readPerson(): Person {
    const kept = store.get<Person>('person')
    if (kept?.userId || kept?.left) return kept
    // analytics.js's anonymous id is taken where it is known, so that its events and ours are one person's.
    const theirs = createStore(() => view.localStorage, '').get<string>('ajs_anonymous_id')
    return { native: {}, custom: {}, ...kept, anonymousId: theirs ?? kept?.anonymousId ?? newId() }
  }

  const savePerson = () => store.set('person', person)
  // Held back until a user is known, nothing is stored either (RULES 15).
  if (!manual) savePerson()
  const who = () => person.userId ?? person.anonymousId
  const ids = () => ({ anonymousId: person.anonymousId, ...(person.userId ? { userId: person.userId } : {}) })

  const outbox = createOutbox(
    {
      store,
      guard,
      fetch: fetchHere,
      beacon: (url, body) => view.navigator.sendBeacon?.(url, body) ?? false,
      now,
      random: Math.random,
      lost: (count) => lifecycle('events_dropped', { count }),
    },
    // While boot finds no server, the next one that does brings what waits.
    () => (reply && !failures ? { url: `${config.base}/v1/batch`, key: reply.key, signature } : null),
  )
  const say = (message: Omit<Message, 'messageId' | 'timestamp' | 'anonymousId' | 'userId'> & Partial<Message>) =>
    // The mark: what the browser has mapped is not mapped again by a destination on the server.
    preview ? newId() : outbox.add({ ...ids(), context: { handrail: {} }, ...message })
  const lifecycle = (event: string, properties: Record<string, unknown>, said?: Said) => {
    // What was seen, answered or ended may be what somebody else waits for.
    if (/^[eq]/.test(event) && reply?.watch?.experiences?.includes(properties['experience'] as string)) boot()
    // How an experience ended is told to the page by the runtime, once.
    if (!/^exp.*ed$/.test(event)) emit(event.replace('_', ':'), properties)
    return say({ type: 'track', event, properties, context: { handrail: { lifecycle: true, sdk: VERSION } }, ...said })
  }

  const ledger = createLedger(store, () => Object.values(ids()))
  const locale = () =>
    String(person.native['language'] ?? (page.documentElement.lang || view.navigator.language || 'en'))
  const values = (name: string): AttributeValue | undefined => {
    const [source, ...rest] = name.split('.')
    const key = rest.join('.')
    const local = source === 'native' || source === 'custom' ? person[source] : undefined
    if (local && Object.hasOwn(local, key)) return local[key]
    return reply?.attributes && Object.hasOwn(reply.attributes, name) ? reply.attributes[name] : undefined
  }
  const emit = (event: string, detail: unknown) => {
    if ((view as { JIMO_DEBUG?: unknown }).JIMO_DEBUG) view.console.debug('[handrail]', event, detail)
    for (const listener of listeners.get(event) ?? []) guard(listener)(detail)
  }

  /** Contents are asked for together; their address says which: it never changes what it holds, and a feed's is the same on every page. */
  async function contentsOf(candidates: readonly Candidate[]): Promise<Content[]> {
    const versions = candidates.map((each) => each.version)
    if (versions.some((each) => !contents.has(each))) {
      const made = await (await fetchHere(`${config.base}/sdk/v1/contents/${versions}.json`)).json()
      await prepare(made)
      learn(made)
    }
    return versions.map((each) => contents.get(each) as Content)
  }
  function learn(made: Record<string, unknown> = {}) {
    for (const version in made) contents.set(version, made[version] as Content)
  }

  const ask = (door: string, said: object, wait: number) =>
    fetchHere(`${config.base}/sdk/v1/${door}`, {
      method: 'POST',
      body: jsonOf({ project: config.project, key: config.key ?? reply?.key, ...ids(), signature, ...said }),
      signal: AbortSignal.timeout(wait),
    })

  let rules: typeof import('./chunks/rules.ts') | undefined
  let ears: typeof import('./chunks/ears.ts') | undefined
  /** The chunks that this page wanted; the next one asks for them beside its first boot. */
  const brought = new Set<string>()
  const assets = `${config.base}/sdk/v1/assets/`
  /** Whether the page's policy refuses our chunks: it says so once, and none is asked for again. */
  let blocked = false
  const load = (name: string): Promise<never> =>
    blocked ? Promise.reject() : (import(/* @vite-ignore */ `${assets}${name}-${config.build}.js`) as Promise<never>)
  /** Brings the rules that only some experiences ask for, wherever they are named. */
  async function prepare(made: unknown) {
    if (!rules && /"(residual|patterns|glob|days)"/.test(jsonOf(made))) rules = await load('rules')
  }
  const runtime = createRuntime({
    view,
    guard,
    ledger,
    store,
    who,
    journal,
    now,
    reply: () => reply,
    ask,
    values,
    locale,
    load: async (kind) => {
      // All others build on a tour's, which every first visit brought.
      await load('tour')
      store.set('brought', [...brought.add('tour').add(kind)])
      return load(kind)
    },
    rules: () => rules,
    contents: contentsOf,
    tell: lifecycle,
    flush: () => outbox.flush(),
    emit,
    host,
    stillLive: async (candidate: Candidate) => {
      if (now() - revisionAt < REREAD_AFTER) return true
      return (await reread())?.includes(candidate.version) ?? true
    },
  })

  // ---------------------------------------------------------------- boot

  /** Asks the server anew, soon: many wishes make one request, at most one in two seconds. */
  function boot() {
    if (stopped || !initialised) return
    if (booting) {
      bootAgain = true
      return
    }
    view.clearTimeout(bootTimer)
    const wait = Math.max(0, bootedAt + BOOT_GAP - Date.now(), outbox.quietFor())
    const go = guard(bootNow)
    const { scheduler } = view as { scheduler?: { postTask?(task: () => void, how: { priority: string }): void } }
    // A task of its own also when nothing has to be waited for: what identify's callback pushes belongs to the same boot.
    if (!wait && scheduler?.postTask) scheduler.postTask(go, { priority: 'user-blocking' })
    else bootTimer = view.setTimeout(go, wait)
  }

  async function bootNow() {
    if (booting || stopped) return
    booting = true
    bootedAt = Date.now()
    const asked = who()
    const settle = view.setTimeout(guard(fallBack), SETTLED_AFTER)
    try {
      const batch = outbox.waiting()
      // A member that is not there is left out of the JSON.
      const request: { [Name in Exclude<keyof BootRequest, Who>]: BootRequest[Name] | undefined } = {
        page: { url: view.location.href, title: page.title.slice(0, 200), referrer: page.referrer },
        sdk: VERSION,
        device: deviceOf(view),
        locale: locale(),
        zone: zoneHere(view),
        sentAt: new Date(now()).toISOString(),
        batch,
        have: [...contents.keys()],
        preview,
        segments: host['segments'] as true | undefined,
      }
      const asking = ask('boot', request, BOOT_TIMEOUT)
      // What is likely wanted comes beside the boot, not after it: what the last page brought, on a first visit a tour's.
      for (const name of [store.get('brought') ?? 'tour'].flat()) load(name as string).catch(() => undefined)
      store.set('brought', [...brought])
      const response = await asking
      if (isFinal(response.status)) {
        // The server's word is final: it names what is wrong, and asking again would not change it.
        warn(`refused: ${((await response.json()) as { message?: string }).message ?? response.status}`)
        return
      }
      outbox.hush(response.headers.get('retry-after'))
      const made: BootReply = await response.json()
      if (!response.ok || !Array.isArray(made.candidates)) throw 0
      failures = 0
      const off = made.now - Date.now()
      skew = Math.abs(off) > 2000 ? off : 0
      store.set('skew', skew)
      const { accepted = [], rejected = {} } = made
      outbox.settled([...accepted, ...Object.keys(rejected)])
      for (const [id, reason] of Object.entries(rejected)) warn(`event refused: ${reason}`, id)
      if (asked !== who()) {
        // The person changed while the server answered for the one before.
        bootAgain = true
        return
      }
      await use(made, asked)
      store.set('reply', { at: now(), who: asked, reply: { ...made, content: {} } })
      // Boot brings as much as one request may carry; what is left goes by itself.
      outbox.flush()
    } catch {
      failures++
      fallBack()
      bootTimer = view.setTimeout(guard(boot), Math.min(2 ** failures * 2000, 120_000) * (0.5 + Math.random() / 2))
    } finally {
      view.clearTimeout(settle)
      booting = false
      if (bootAgain) {
        bootAgain = false
        boot()
      }
    }
  }

  async function use(made: BootReply, asked: string) {
    await prepare(made)
    if (!ears && /"(element(_click)?|page_exit)"/.test(jsonOf(made.candidates))) ears = await load('ears')
    if (stopped || asked !== who()) return
    reply = made
    stopEars?.()
    stopEars = ears?.listen(view, guard, made.candidates, runtime)
    revisionAt = now()
    learn(made.content)
    view.clearTimeout(validTimer)
    if (made.validUntil)
      validTimer = view.setTimeout(guard(boot), Math.min(Math.max(made.validUntil - now(), 0) + 500, 2 ** 31 - 1))
    runtime.prune(made.candidates.map((each) => each.version))
    runtime.tell()
    runtime.resume()
    runtime.consider('page_opening')
    revisionTimer ||= view.setTimeout(guard(reread), REREAD_AFTER * (1 + Math.random()))
    emit('ready', { candidates: made.candidates.map((each) => each.key) })
  }

  /** The server is away: what it said last, for this person and not too long ago, still holds. */
  function fallBack() {
    const kept = store.get<{ at: number; who: string; reply: BootReply }>('reply')
    if (!reply && kept && kept.who === who() && now() - kept.at < SEVEN_DAYS)
      use(kept.reply, kept.who).catch(() => undefined)
  }

  let revisions: ReturnType<typeof import('./chunks/revision.ts')['watchRevision']> | undefined
  let revisionTimer = 0
  /** Rereads the revision, and goes on doing so from then on. Gives what is live, or nothing where nobody answers. */
  async function reread(): Promise<string[] | undefined> {
    if (!reply) return undefined
    try {
      const { watchRevision }: typeof import('./chunks/revision.ts') = await load('revision')
      if (stopped) return undefined
      revisions ??= watchRevision({
        view,
        guard,
        fetch: fetchHere,
        address: () => (reply && !outbox.quietFor() ? config.base + reply.revisionUrl : undefined),
        heard({ revision }) {
          revisionAt = now()
          if (revision !== reply?.revision) boot()
        },
      })
      return await revisions.read()
    } catch {
      revisionTimer = 0
      return undefined
    }
  }
  let stopEars: Dispose | undefined

  // ---------------------------------------------------------------- commands

  function run(pushed: unknown): unknown {
    const command = readCommand(pushed)
    if (typeof command === 'string') {
      refuse(command)
      return undefined
    }
    // What is asked is answered, what is to be done waits.
    if (!initialised && /do|set/.test(command.verb)) {
      held.push(command)
      return undefined
    }
    return execute(command)
  }

  function refuse(why: string) {
    warn(why)
    if (initialised) lifecycle('command_refused', { reason: why.slice(0, 200) })
  }

  function execute({ verb, name, args }: Command): unknown {
    switch (verb) {
      case 'do':
        return perform(name, args)
      case 'set':
        return change(name, args)
      case 'get':
        return read(name)
      case 'on': {
        if (typeof args[0] !== 'function') return refuse(`on ${name} needs a listener`)
        hear(name, args[0] as (detail: unknown) => void)
        return undefined
      }
      default:
        if (typeof args[0] === 'function') listeners.get(name)?.delete(args[0] as (detail: unknown) => void)
        else listeners.delete(name)
        return undefined
    }
  }

  function hear(event: string, listener: (detail: unknown) => void) {
    listeners.set(event, (listeners.get(event) ?? new Set()).add(listener))
  }

  function perform(name: string, args: unknown[]): unknown {
    switch (name) {
      case 'identify':
        return identify(args[0], args[1], args[2])
      case 'reset':
        return reset()
      case 'segmentio:track':
        return track(args[0])
      case 'boosted:trigger': {
        const { evolutionId } = (args[0] ?? {}) as { evolutionId?: unknown }
        return start(String(evolutionId ?? args[0]))
      }
      case 'hold':
      case 'release':
        return runtime.hold(name === 'hold')
      default:
        return rarely(`do ${name}`, args[0])
    }
  }

  /** Commands that few pages push are loaded when one is. */
  function rarely(command: string, argument?: unknown): Promise<unknown> {
    return load('commands').then(
      ({ perform: does }: typeof import('./chunks/commands.ts')) =>
        does(command, argument, { runtime, store, host, reply: () => reply, refuse, boot, reset, hear, listeners }),
      () => refuse(command),
    )
  }

  /** Settles here at once; the callback runs once, within a tick, whether the server is up or not. */
  function identify(id: unknown, callback: unknown, signed?: unknown) {
    const read_ = readId(id)
    if ('refused' in read_) return refuse(`identify: ${read_.refused}`)
    if (person.userId !== read_.id) {
      // While the person is still the one before, whose runs end here.
      runtime.closeAll('replaced')
      if (person.userId) {
        outbox.flush()
        forget()
      }
      person.userId = read_.id
      reply = undefined
    }
    if (typeof signed === 'string') signature = signed
    savePerson()
    say({ type: 'identify' })
    if (typeof callback === 'function') view.queueMicrotask(guard(callback as () => void))
    boot()
    return undefined
  }

  /** Nothing of the old user stays: a new anonymous id, an empty ledger, no attributes. */
  function reset() {
    runtime.closeAll('replaced')
    outbox.flush()
    forget()
    reply = undefined
    savePerson()
    boot()
  }

  function forget() {
    ledger.clear()
    store.remove('reply')
    signature = undefined
    person = { anonymousId: newId(), native: {}, custom: {}, left: true }
  }

  function track(told: unknown) {
    const { event, messageId, timestamp, properties } = (told ?? {}) as Record<string, unknown>
    if (typeof event !== 'string' || !event) return refuse('segmentio:track names no event')
    say({
      type: 'track',
      event,
      ...(typeof messageId === 'string' ? { messageId } : {}),
      // A text, or the Date that analytics.js hands over: both are sent as ISO-8601.
      ...(timestamp ? { timestamp: timestamp as string } : {}),
      ...(properties && typeof properties === 'object' ? { properties: properties as object } : {}),
    })
    runtime.consider('event', event)
    if (reply?.watch?.events?.includes(event)) boot()
    return undefined
  }

  function change(name: string, args: unknown[]): unknown {
    const [first, option] = args
    if (name === 'user:id') return identify(first, undefined)
    if (name === 'user:group') return group(first)
    if (/^core:(navigate|allowJs)$/.test(name)) {
      host[name] = first
      return undefined
    }
    const custom = name === 'user:attributes'
    if (custom || name === 'user') {
      if (!first || typeof first !== 'object' || Array.isArray(first)) return refuse(`set ${name} needs an object`)
      return write(custom ? 'custom' : 'native', first, option)
    }
    const [space, field = ''] = name.split(':')
    if (space === 'user' || name === 'core:language') return write('native', { [field]: first }, option)
    return refuse(noField(name))
  }

  // Native fields that do not exist are not created (RULES 5).
  const noField = (name: string) => `set ${name}: there is no such field`

  /** Sets attributes of one source: each on its own merits, so that a bad one costs only itself. */
  function write(source: 'native' | 'custom', fields: object, option: unknown) {
    const custom = source === 'custom'
    const { refetchBoosted, refreshBoosted, refreshChangelog, removeUnspecified } = (option ?? {}) as Record<
      string,
      unknown
    >
    const made: Record<string, AttributeValue> = {}
    for (const [key, value] of Object.entries(fields)) {
      if (value === undefined) continue
      if (!custom && !NATIVE.includes(key)) {
        refuse(noField(`user:${key}`))
        continue
      }
      const read_ = !custom && key === 'language' ? { value: readLanguage(value) ?? null } : readValue(value)
      if ('refused' in read_) {
        warn(`${source}.${key} was refused: ${read_.refused}`)
        lifecycle('attribute_refused', { attribute: `${source}.${key}`, reason: read_.refused })
      } else made[key] = read_.value
    }
    const clear = custom && !!removeUnspecified
    person[source] = clear ? made : { ...person[source], ...made }
    savePerson()
    runtime.hear()
    const names = Object.keys(made)
    if (custom) say({ type: 'identify', traits: made, context: { handrail: { remove_unspecified: clear } } })
    else if (names.length) say({ type: 'identify', context: { handrail: { native: made } } })
    const watched = reply?.watch?.attributes
    if (
      option === true ||
      refetchBoosted ||
      refreshBoosted ||
      refreshChangelog ||
      names.some((key) => watched?.includes(`${source}.${key}`))
    )
      boot()
    return undefined
  }

  function group(told: unknown) {
    const { groupId, traits } = (told ?? {}) as { groupId?: unknown; traits?: object }
    const read_ = readId(groupId)
    if ('refused' in read_) return refuse(`user:group: ${read_.refused}`)
    say({ type: 'group', groupId: read_.id, traits: traits ?? {} })
    boot()
    return undefined
  }

  function read(name: string): unknown {
    switch (name) {
      case 'user:id':
        return person.userId
      case 'user:language':
      case 'core:language':
        return locale()
      case 'user:attributes':
      case 'jimer:attributes':
        return { ...person.custom }
      default:
        return rarely(`get ${name}`)
    }
  }

  const start = (key: string) => runtime.start(key, 'manual')

  function init() {
    if (initialised) return
    initialised = true
    savePerson()
    begin()
    for (const command of held.splice(0)) guard(() => void execute(command))()
    boot()
  }

  // ---------------------------------------------------------------- the page

  const on = <T extends EventTarget>(target: T, type: string, listener: (event: Event) => void) => {
    const guarded = guard(listener)
    target.addEventListener(type, guarded)
    offs.push(() => target.removeEventListener(type, guarded))
  }
  on(page, 'securitypolicyviolation', (event) => {
    const { blockedURI, disposition } = event as SecurityPolicyViolationEvent
    blocked ||= disposition === 'enforce' && blockedURI.startsWith(assets)
  })
  on(view, 'pagehide', () => outbox.flush(true))
  on(page, 'visibilitychange', () => {
    if (page.visibilityState === 'hidden') outbox.flush(true)
    else if (now() - revisionAt > REREAD_AFTER) void reread()
  })
  on(view, 'online', boot)
  on(view, 'pageshow', (event) => {
    // Back from the browser's cache: the page is as it was, what may show may not be.
    if ((event as PageTransitionEvent).persisted) boot()
  })
  function begin() {
    offs.push(
      watchRoute(
        view,
        guard,
        () => runtime.opened(),
        () => load('history'),
      ),
    )
    if (preview || /[?&]handrail(_debug)?=/.test(view.location.search) || journal.get('debug'))
      load('visitor').then(
        (chunk: typeof import('./chunks/visitor.ts')) =>
          offs.push(chunk.welcome({ view, guard, journal, runtime, preview: !!preview, reply: () => reply, hear })),
        () => undefined,
      )
  }
  if (initialised) begin()
  // Everything that was pushed before us runs first, so that the first boot already knows who it asks for.
  view.queueMicrotask(guard(boot))

  return {
    run: (pushed) => {
      let answer: unknown
      guard(() => {
        answer = run(pushed)
      })()
      return answer
    },
    init,
    start,
    runtime,
    shutdown() {
      if (stopped) return
      stopped = true
      outbox.flush(true)
      for (const timer of [bootTimer, validTimer, revisionTimer]) view.clearTimeout(timer)
      for (const off of offs.splice(0)) off()
      revisions?.stop()
      stopEars?.()
      outbox.stop()
      runtime.stop()
    },
  }
}
