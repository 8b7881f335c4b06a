import type { AttributeValue, BootReply, BootRequest, Candidate, Content, Revision } from '@handrail/wire'
import { type Command, readCommand } from './commands.ts'
import { createGuard, type Dispose } from './guard.ts'
import { createLedger } from './ledger.ts'
import { createOutbox, type Message } from './outbox.ts'
import { deviceOf } from './page.ts'
import { watchRoute } from './routes.ts'
import { createRuntime, type Entry, type Runtime, type Said, type Started } from './runtime.ts'
import { createStore } from './store.ts'
import { newId, readId, readLanguage, readValue } from './values.ts'

export const VERSION = '0.1.0'

export interface Config {
  /** Where the SDK came from, and where it asks: `https://handrail.example`. */
  base: string
  project: string
  /** The mark in the names of the chunks that were built with this core. */
  build: string
  key?: string
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
}

const NATIVE = ['name', 'email', 'language']
const BOOT_GAP = 2000
const BOOT_TIMEOUT = 10_000
const REREAD_AFTER = 30_000
const SEVEN_DAYS = 7 * 86_400_000

/** The SDK of one project on one page. Nothing in here may throw into the page; `guard` stands at every way in. */
export function createSdk(view: Window & typeof globalThis, config: Config, manual: boolean): Sdk {
  const page = view.document
  const warn = (message: string, detail?: unknown) =>
    view.console.warn(`[handrail] ${message}`, ...(detail === undefined ? [] : [detail]))
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
  const held: Command[] = []
  const listeners = new Map<string, Set<(detail: unknown) => void>>()
  const contents = new Map<string, Content>()
  const chunks = new Map<string, Promise<never>>()
  const offs: Dispose[] = []

  function readPerson(): Person {
    const kept = store.get<Person>('person')
    if (kept?.anonymousId) return kept
    return { anonymousId: adopted() ?? newId(), native: {}, custom: {} }
  }

  /** analytics.js's anonymous id, so that its events and ours are one person's. */
  function adopted(): string | undefined {
    try {
      const kept = view.localStorage.getItem('ajs_anonymous_id')
      return kept ? String(JSON.parse(kept)) : undefined
    } catch {
      return undefined
    }
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
    },
    () => (reply ? { url: `${config.base}/v1/batch`, key: reply.key, signature } : null),
  )
  const say = (message: Omit<Message, 'messageId' | 'timestamp' | 'anonymousId' | 'userId'> & Partial<Message>) =>
    // The mark: what the browser has mapped is not mapped again by a destination on the server.
    preview ? newId() : outbox.add({ ...ids(), context: { handrail: {} }, ...message })
  const lifecycle = (event: string, properties: Record<string, unknown>, said?: Said) => {
    // What was seen, answered or ended may be what somebody else waits for.
    if (/^[eq]/.test(event) && reply?.watch?.experiences?.includes(properties['experience'] as string)) boot()
    return say({ type: 'track', event, properties, context: { handrail: { lifecycle: true, sdk: VERSION } }, ...said })
  }

  const ledger = createLedger(store, who)
  const locale = () =>
    String(person.native['language'] ?? (page.documentElement.lang || view.navigator.language || 'en'))
  const values = (name: string): AttributeValue | undefined => {
    const [source, key] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)]
    const local = source === 'native' ? person.native : source === 'custom' ? person.custom : undefined
    if (local && Object.hasOwn(local, key)) return local[key]
    return reply?.attributes && Object.hasOwn(reply.attributes, name) ? reply.attributes[name] : undefined
  }
  const emit = (event: string, detail: unknown) => {
    for (const listener of listeners.get(event) ?? []) guard(listener)(detail)
  }

  let rules: typeof import('./chunks/rules.ts') | undefined
  let ears: typeof import('./chunks/ears.ts') | undefined
  function load(name: string): Promise<never> {
    const kept = chunks.get(name)
    if (kept) return kept
    const chunk = import(/* @vite-ignore */ `${config.base}/sdk/v1/assets/${name}-${config.build}.js`) as Promise<never>
    chunk.catch(() => chunks.delete(name))
    chunks.set(name, chunk)
    return chunk
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
    values,
    locale,
    load: (kind) => {
      // The chunk would ask for its base only once it is here itself; asked for now, they come side by side.
      load('base').catch(() => undefined)
      return load(kind)
    },
    rules: () => rules,
    content: async (candidate) => {
      const kept = contents.get(candidate.version)
      if (kept) return kept
      const made: Content = await (await fetchHere(config.base + candidate.url)).json()
      contents.set(candidate.version, made)
      return made
    },
    tell: lifecycle,
    flush: () => outbox.flush(),
    emit,
    stillLive: async (candidate: Candidate) => {
      if (now() - revisionAt < REREAD_AFTER) return true
      const live = await reread()
      return !live || live.includes(candidate.version)
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
    bootTimer = view.setTimeout(
      guard(() => void bootNow()),
      Math.max(0, bootedAt + BOOT_GAP - Date.now()),
    )
  }

  async function bootNow() {
    booting = true
    bootedAt = Date.now()
    const asked = who()
    const abort = new view.AbortController()
    const timer = view.setTimeout(() => abort.abort(), BOOT_TIMEOUT)
    try {
      const batch = outbox.waiting()
      const request: BootRequest = {
        project: config.project,
        ...(config.key ? { key: config.key } : reply ? { key: reply.key } : {}),
        page: { url: view.location.href, title: page.title.slice(0, 200), referrer: page.referrer },
        sdk: VERSION,
        ...ids(),
        device: deviceOf(view),
        locale: locale(),
        zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        sentAt: new Date(now()).toISOString(),
        batch,
        ...(signature ? { signature } : {}),
        have: [...contents.keys()],
        ...(preview ? { preview } : {}),
      }
      const response = await fetchHere(`${config.base}/sdk/v1/boot`, {
        method: 'POST',
        body: JSON.stringify(request),
        headers: { 'content-type': 'text/plain' },
        signal: abort.signal,
      })
      if (response.status >= 400 && response.status < 500 && response.status !== 429 && response.status !== 408) {
        // The server's word is final: it names what is wrong, and asking again would not change it.
        warn(`the server refused: ${((await response.json()) as { message?: string }).message ?? response.status}`)
        return
      }
      const made: BootReply = await response.json()
      if (!response.ok || !Array.isArray(made.candidates)) throw new Error('no boot reply')
      failures = 0
      skew = Math.abs(made.now - Date.now()) > 2000 ? made.now - Date.now() : 0
      store.set('skew', skew)
      outbox.settled([...(made.accepted ?? []), ...Object.keys(made.rejected ?? {})])
      for (const [id, reason] of Object.entries(made.rejected ?? {})) warn(`an event was refused (${reason})`, id)
      if (asked !== who()) {
        // The person changed while the server answered for the one before.
        bootAgain = true
        return
      }
      await use(made, asked)
      store.set('reply', { at: now(), who: asked, reply: { ...made, content: {} } })
    } catch {
      failures++
      if (!reply) fallBack()
      view.clearTimeout(bootTimer)
      bootTimer = view.setTimeout(guard(boot), Math.min(2 ** failures * 2000, 120_000) * (0.5 + Math.random() / 2))
    } finally {
      view.clearTimeout(timer)
      booting = false
      if (bootAgain) {
        bootAgain = false
        boot()
      }
    }
  }

  async function use(made: BootReply, asked: string) {
    if (!rules && made.candidates.some((each) => each.residual || each.patterns || each.frequency.every === 'days'))
      rules = await load('rules')
    if (!ears && made.candidates.some((each) => /_(click|exit)$/.test(each.showOn.on))) ears = await load('ears')
    if (stopped || asked !== who()) return
    reply = made
    stopEars?.()
    stopEars = ears?.listen(view, guard, made.candidates, runtime)
    revisionAt = now()
    for (const [version, content] of Object.entries(made.content ?? {})) contents.set(version, content)
    view.clearTimeout(validTimer)
    if (made.validUntil)
      validTimer = view.setTimeout(guard(boot), Math.min(Math.max(made.validUntil - now(), 0) + 500, 2 ** 31 - 1))
    runtime.prune(made.candidates.map((each) => each.version))
    runtime.tell()
    runtime.resume()
    runtime.consider('page_opening')
    emit('ready', { candidates: made.candidates.map((each) => each.key) })
  }

  /** The server is away: what it said last, for this person and not too long ago, still holds. */
  function fallBack() {
    const kept = store.get<{ at: number; who: string; reply: BootReply }>('reply')
    if (kept && kept.who === who() && now() - kept.at < SEVEN_DAYS) use(kept.reply, kept.who).catch(() => undefined)
  }

  /** The revision document; boots again when something was published or paused. Gives what is live, or nothing. */
  async function reread(): Promise<string[] | undefined> {
    if (!reply) return undefined
    try {
      const response = await fetchHere(config.base + reply.revisionUrl)
      const told: Revision = await response.json()
      revisionAt = now()
      if (told.revision !== reply.revision) boot()
      return told.live
    } catch {
      return undefined
    }
  }

  function poll() {
    const timer = view.setTimeout(
      guard(() => {
        if (page.visibilityState === 'visible') void reread()
        poll()
      }),
      30_000 + Math.random() * 30_000,
    )
    stopPoll = () => view.clearTimeout(timer)
  }
  let stopPoll: Dispose = () => undefined
  let stopEars: Dispose | undefined

  // ---------------------------------------------------------------- commands

  function run(pushed: unknown): unknown {
    const command = readCommand(pushed)
    if (typeof command === 'string') {
      refuse(command)
      return undefined
    }
    if (!initialised && command.verb !== 'on' && command.verb !== 'off' && command.verb !== 'get') {
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
        listeners.delete(name)
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
      case 'boosted:refresh':
        return boot()
      case 'boosted:hash-change':
        return runtime.opened()
      default:
        return refuse(`there is no ${name} to do in this release`)
    }
  }

  /** Settles here at once; the callback runs once, within a tick, whether the server is up or not. */
  function identify(id: unknown, callback: unknown, signed?: unknown) {
    const read_ = readId(id)
    if ('refused' in read_) return refuse(`identify: ${read_.refused}`)
    if (person.userId && person.userId !== read_.id) {
      outbox.flush()
      forget()
    }
    if (typeof signed === 'string') signature = signed
    if (person.userId !== read_.id) {
      runtime.closeAll('replaced')
      person.userId = read_.id
      reply = undefined
    }
    savePerson()
    say({ type: 'identify' })
    if (typeof callback === 'function') view.queueMicrotask(guard(() => (callback as () => void)()))
    boot()
    return undefined
  }

  /** Nothing of the old user stays: a new anonymous id, an empty ledger, no attributes. */
  function reset() {
    outbox.flush()
    forget()
    runtime.closeAll('replaced')
    reply = undefined
    savePerson()
    boot()
  }

  function forget() {
    ledger.clear()
    store.remove('reply')
    signature = undefined
    person = { anonymousId: newId(), native: {}, custom: {} }
  }

  function track(told: unknown) {
    if (!told || typeof told !== 'object') return refuse('segmentio:track needs an event')
    const { event, messageId, timestamp, properties } = told as Record<string, unknown>
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
    const [first, second] = args
    if (name === 'user:id') return identify(first, undefined)
    if (name === 'user:attributes') return setCustom(first, second)
    if (name === 'user:group') return group(first)
    if (name === 'user' && first && typeof first === 'object')
      return setNative(first as Record<string, unknown>, second)
    const field = name === 'core:language' ? 'language' : name.startsWith('user:') ? name.slice(5) : ''
    if (NATIVE.includes(field)) return setNative({ [field]: first }, second)
    // Native fields that do not exist are not created (RULES 5).
    return refuse(`set ${name}: there is no such field`)
  }

  const refetches = (option: unknown): boolean =>
    option === true ||
    (!!option &&
      typeof option === 'object' &&
      !!(
        (option as { refetchBoosted?: unknown }).refetchBoosted ||
        (option as { refreshBoosted?: unknown }).refreshBoosted
      ))

  function setNative(fields: Record<string, unknown>, option: unknown) {
    const native: Record<string, AttributeValue> = {}
    for (const [field, value] of Object.entries(fields)) {
      const made = field === 'language' ? { value: readLanguage(value) ?? null } : readValue(value)
      if (!NATIVE.includes(field)) refuse(`set user:${field}: there is no such field`)
      else if ('refused' in made) refused(`native.${field}`, made.refused)
      else native[field] = made.value
    }
    Object.assign(person.native, native)
    savePerson()
    if (Object.keys(native).length) say({ type: 'identify', context: { handrail: { native } } })
    after(
      Object.keys(native).map((field) => `native.${field}`),
      option,
    )
  }

  function setCustom(attributes: unknown, option: unknown) {
    if (!attributes || typeof attributes !== 'object' || Array.isArray(attributes))
      return refuse('set user:attributes needs an object')
    const traits: Record<string, AttributeValue> = {}
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined) continue
      const made = readValue(value)
      if ('refused' in made) refused(`custom.${key}`, made.refused)
      else traits[key] = made.value
    }
    const clear =
      !!option && typeof option === 'object' && !!(option as { removeUnspecified?: unknown }).removeUnspecified
    person.custom = clear ? traits : { ...person.custom, ...traits }
    savePerson()
    say({
      type: 'identify',
      traits,
      context: { handrail: { remove_unspecified: clear } },
    })
    after(
      Object.keys(traits).map((key) => `custom.${key}`),
      option,
    )
    return undefined
  }

  function refused(attribute: string, reason: string) {
    warn(`${attribute} was refused: ${reason}`)
    lifecycle('attribute_refused', { attribute, reason })
  }

  function after(names: string[], option: unknown) {
    if (refetches(option) || names.some((name) => reply?.watch?.attributes?.includes(name))) boot()
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
      case 'user:segments':
        return reply?.segments ?? []
      default:
        refuse(`there is no ${name} to get in this release`)
        return undefined
    }
  }

  const start = (key: string, entry: Entry = 'manual') => runtime.start(key, entry)

  function init() {
    if (initialised) return
    initialised = true
    for (const command of held.splice(0)) guard(() => void execute(command))()
    boot()
  }

  // ---------------------------------------------------------------- the page

  const on = <T extends EventTarget>(target: T, type: string, listener: (event: Event) => void) => {
    const guarded = guard(listener)
    target.addEventListener(type, guarded)
    offs.push(() => target.removeEventListener(type, guarded))
  }
  on(view, 'pagehide', () => outbox.flush(true))
  on(page, 'visibilitychange', () => {
    if (page.visibilityState === 'hidden') outbox.flush(true)
    else if (now() - revisionAt > REREAD_AFTER) void reread()
  })
  on(view, 'online', () => boot())
  on(view, 'pageshow', (event) => {
    // Back from the browser's cache: the page is as it was, what may show may not be.
    if ((event as PageTransitionEvent).persisted) boot()
  })
  offs.push(
    watchRoute(
      view,
      guard,
      () => runtime.opened(),
      () => load('history'),
    ),
  )
  offs.push(
    () => stopPoll(),
    () => stopEars?.(),
    () => outbox.stop(),
    () => runtime.stop(),
  )
  poll()
  // Everything that was pushed before us runs first, so that the first boot already knows who it asks for.
  view.queueMicrotask(guard(boot))
  if (preview || /[?&]handrail(_debug)?=/.test(view.location.search) || journal.get('debug'))
    load('visitor').then(
      (chunk: typeof import('./chunks/visitor.ts')) =>
        offs.push(chunk.welcome({ view, guard, journal, runtime, preview: !!preview, reply: () => reply, hear })),
      () => undefined,
    )

  return {
    run: (pushed) => {
      let answer: unknown
      guard(() => {
        answer = run(pushed)
      })()
      return answer
    },
    init,
    start: (key) => start(key),
    runtime,
    shutdown() {
      if (stopped) return
      stopped = true
      outbox.flush(true)
      for (const timer of [bootTimer, validTimer]) view.clearTimeout(timer)
      for (const off of offs.splice(0)) off()
    },
  }
}
