import {
  covers,
  coversRule,
  due,
  type EndReason,
  type Entry,
  inTurnOfClass,
  limitedUntil,
  obstacle,
  type Run,
  type Search,
  type Values,
} from '@handrail/engine'
import type { BootReply, Candidate, Content, UrlRule } from '@handrail/wire'
import type { Code } from './code.ts'
import type { Dispose, Guard } from './guard.ts'
import { jsonOf } from './json.ts'
import type { Ledger } from './ledger.ts'
import { deviceOf, parse } from './page.ts'
import type { Neighbour } from './panel/panel.ts'
import type { Chunk, Launch, Play } from './play.ts'
import type { Feed } from './posts.ts'
import type { Store } from './store.ts'
import type { Uses } from './uses.ts'
import { newId } from './values.ts'

export type Because =
  | 'not_found' | 'not_started' | 'ended' | 'where' | 'residual' | 'snoozed' | 'frequency_once' | 'frequency_days' | 'frequency_load'
  | 'rate_limit' | 'claimed' | 'unclaimed' | 'slot_taken' | 'outranked' | 'self_launch' | 'chain_limit' | 'offline' | 'held' | 'delayed' | 'failed' // biome-ignore format: one list
export type { Entry } from '@handrail/engine'
export type Started = { started: true } | { started: false; because: Because }
export interface Decided {
  at: number
  key: string
  entry: Entry
  shown: boolean
  because?: Because | undefined
}

type Rules = typeof import('./chunks/rules.ts')
type Strict = typeof import('./chunks/strict.ts')

/** An event that may have been said before: told again with the same id, it counts once. */
export interface Said {
  messageId: string
  timestamp?: string
}

/** Everything a run asks of its surroundings. */
export interface Ports {
  newId(): string
  /** Whether a URL rule holds for the page now. */
  onPage(rule: UrlRule, candidate: Candidate): boolean
  /** Whether a candidate is meant for the page and the device as they are now. */
  isHere(candidate: Candidate): boolean
  /** Whether the user may start a candidate by name here and now. */
  may(candidate: Candidate): boolean
  start(key: string, entry: Entry): Promise<Started>
  /** The posts feed, once somebody asked for it. */
  feed?: Feed
  view: Window & typeof globalThis
  guard: Guard
  ledger: Ledger
  journal: Store
  now: () => number
  reply: () => BootReply | undefined
  /** Asks a door of the SDK's for this user; gives up after `wait` milliseconds. */
  ask: (door: string, said: object, wait: number) => Promise<Response>
  values: Values
  locale: () => string
  load: (name: string) => Promise<never>
  /** Patterns and browser-only conditions: there as soon as a candidate asks for them. */
  rules: () => Rules | undefined
  /** What is in candidates, in their order, with one request for those that are not here yet. */
  contents: (candidates: readonly Candidate[]) => Promise<Content[]>
  /** What outlives the page, and whose it is. */
  store: Store
  who: () => string
  tell: (event: string, properties: Record<string, unknown>, said?: Said) => string
  flush: () => void
  emit: (event: string, detail: unknown) => void
  /** Rereads the revision when it is old; false when the experience is no longer live. */
  stillLive: (candidate: Candidate) => Promise<boolean>
  /** The panels that stand on this page, in the order in which they came. */
  neighbours?: Neighbour[]
  /** What the page set of itself: `core:navigate`, its own router; `core:allowJs`, its veto on running JavaScript. */
  host: Readonly<Record<string, unknown>>
  /** The code of this page's experiences, once one of them has some. */
  code?: Code
  /** Closes what an action opened that belongs to no run, such as the agent. */
  opened?: Dispose | undefined
}

interface Showing {
  candidate: Candidate
  play?: Play
  release: () => void
}

const INTERRUPTS = new Set(['tour', 'survey'])
const MOST_CHAINED = 3
/** Members of a document that hold an address, and actions that come with what renders one. */
const ADDRESS = /"(url|link|src|poster)":|_(js|agent|post)"/

/** Ways in that start something by themselves. */
export type Automatic = 'page_opening' | 'event' | 'element_click' | 'page_exit'

export interface Runtime {
  /** Looks for what may start by itself now. */
  consider(entry: Automatic, named?: string): void
  /** Another page was opened, or another address of it. */
  opened(): void
  start(key: string, entry: Entry): Promise<Started>
  resume(): void
  /** Closes what is no longer live. */
  prune(live: readonly string[]): void
  /** Tells what is on the page what the server knows of it now. */
  tell(): void
  /** What audiences ask of the page's elements. */
  uses: Uses
  /** What is on the page hears an event or, without one, that something else changed. */
  hear(event?: string): void
  decisions(): readonly Decided[]
  showing(): string[]
  hold(on: boolean): void
  /** What is on the page. */
  all(): Showing[]
  closeAll(reason: EndReason): void
  /** What the host asks of the posts feed. */
  widget(name: string, argument?: unknown): Promise<unknown>
  stop: Dispose
}

type Own = 'newId' | 'onPage' | 'isHere' | 'may' | 'start'

export function createRuntime(asked: Omit<Ports, Own>): Runtime {
  const ports: Ports = {
    ...asked,
    newId,
    onPage: (rule, candidate) => coversRule(rule, address(), searchFor(candidate)),
    may: (candidate) => !refused(candidate, 'manual'),
    start,
    isHere: (candidate) => covers(candidate.where ?? {}, address(), deviceOf(view), searchFor(candidate)),
  }
  const { view, guard, ledger, journal, now } = ports
  const showing = new Map<string, Showing>()
  const all = () => [...showing.values()]
  /** What is on its way to the page, by person: it is not shown a second time while its content comes. */
  const coming = new Set<string>()
  const isOn = (key: string) => showing.has(key) || coming.has(epoch + key)
  const shownInLoad = new Set<string>()
  /** What is shown strictly once and could not be claimed, until the server decides anew. */
  const lost = new Map<string, Because>()
  const log: Decided[] = []
  const uses: Uses = { used: new Set() }
  let claimed = ''
  let held = false
  let chained = 0
  let returns = 0
  let stopped = false
  let epoch = 0
  let openedAt = now()

  const note = (key: string, entry: Entry, because?: Because) => {
    const decided = { at: now(), key, entry, shown: !because, because }
    if (log.push(decided) > 100) log.shift()
    ports.emit('decision', decided)
  }
  function searchFor({ patterns = {} }: Candidate): Search {
    return asked.rules()?.searchIn(patterns) ?? (() => false)
  }
  const address = () => parse(view.location.href)
  const stateOf = (candidate: Candidate) => ledger.of(candidate.key, candidate.state)
  const find = (key: string) => ports.reply()?.candidates.find((each) => each.key === key || each.id === key)
  const interrupts = (candidate: Candidate) => INTERRUPTS.has(candidate.kind)

  /** Why a candidate may not show now by this way in; undefined when it may. Its place is looked at by whoever asks. */
  function refused(candidate: Candidate, entry: Entry, isTaken = () => false): Because | undefined {
    const reply = ports.reply()
    const at = now()
    return obstacle<Because>(entry, {
      start_end: () =>
        candidate.starts && at < candidate.starts
          ? 'not_started'
          : candidate.ends && at >= candidate.ends
            ? 'ended'
            : undefined,
      audience: () =>
        candidate.residual &&
        !asked.rules()?.holdsOn(view, address(), deviceOf(view), candidate.residual, searchFor(candidate), uses.isSo)
          ? 'residual'
          : undefined,
      where: () => (ports.isHere(candidate) ? undefined : 'where'),
      frequency: () => {
        const { because, againAt } = due(
          candidate.frequency,
          stateOf(candidate),
          at,
          () => (asked.rules() as Rules).zoneOf(reply?.zone ?? 'UTC'),
          entry === 'page_opening' && shownInLoad.has(epoch + candidate.key),
          candidate.stays,
          candidate.kind === 'hint',
        )
        if (againAt) returnAt(againAt)
        return because
      },
      rate_limit: () => {
        if (!interrupts(candidate) || candidate.respectsRateLimit === false || !reply?.rateLimit) return undefined
        const shown = [...new Set([...(reply.rateLimit.shown ?? []), ...ledger.shown()])]
        const until = limitedUntil({ ...reply.rateLimit, shown }, at)
        if (until) returnAt(until)
        return until ? 'rate_limit' : undefined
      },
      arbitration: () => (interrupts(candidate) && isTaken() ? 'slot_taken' : undefined),
    })
  }

  /** Looks again when a snooze, a frequency or the rate limit is over: no reload needed. */
  function returnAt(instant: number) {
    if (returns > now() && returns <= instant) return
    returns = instant
    view.setTimeout(
      guard(() => {
        returns = 0
        if (!stopped) consider('page_opening')
      }),
      Math.min(instant - now() + 50, 2 ** 31 - 1),
    )
  }

  function hear(event?: string) {
    for (const shown of all()) shown.play?.heard(event)
  }

  /** What waited for something else to go has its turn. */
  function turn() {
    view.setTimeout(
      guard(() => {
        if (stopped) return
        hear()
        consider('page_opening')
      }),
      0,
    )
  }

  /** `named` is the event's name, or the key of the experience whose element was clicked. */
  function consider(entry: Automatic, named?: string) {
    const open: Candidate[] = []
    for (const candidate of ports.reply()?.candidates ?? []) {
      const { showOn } = candidate
      const starts =
        showOn.on === entry &&
        (entry !== 'element_click' || candidate.key === named) &&
        (entry !== 'event' || (showOn as { event?: string }).event === named)
      if (!starts || isOn(candidate.key)) continue
      let because: Because | undefined =
        held && interrupts(candidate) ? 'held' : (lost.get(candidate.key) ?? refused(candidate, entry))
      const begins = openedAt + (showOn.on === 'page_opening' ? (showOn.delay_seconds ?? 0) * 1000 : 0)
      if (!because && begins > now()) {
        because = 'delayed'
        returnAt(begins)
      }
      if (because) note(candidate.key, entry, because)
      else open.push(candidate)
    }
    open.sort(inTurnOfClass)
    for (const candidate of open) {
      if (interrupts(candidate) && slotTaken()) note(candidate.key, entry, showing.size ? 'slot_taken' : 'outranked')
      else void show(candidate, entry)
    }
  }

  const slotTaken = () => claimed !== '' || all().some((each) => interrupts(each.candidate))

  async function start(key: string, entry: Entry): Promise<Started> {
    const candidate = find(key)
    const open = candidate && showing.get(candidate.key)?.play?.open
    if (open) {
      open()
      return { started: true }
    }
    const because: Because | undefined = !ports.reply()
      ? 'offline'
      : !candidate
        ? 'not_found'
        : isOn(candidate.key)
          ? 'slot_taken'
          : refused(candidate, entry, slotTaken)
    if (!candidate || because) {
      note(key, entry, because)
      return { started: false, because: because as Because }
    }
    return (await show(candidate, entry)) ? { started: true } : { started: false, because: 'failed' }
  }

  /** Shows a candidate whose turn it is. The claim comes first, so that two tabs never both draw it. */
  async function show(candidate: Candidate, entry: Entry, from?: Run): Promise<boolean> {
    const slot = interrupts(candidate)
    if (slot) claimed = candidate.key
    const begun = epoch
    coming.add(begun + candidate.key)
    const claiming =
      candidate.frequency.every === 'time' || candidate.stays || from
        ? Promise.resolve(() => undefined)
        : claim(view, `handrail:${candidate.key}`)
    try {
      const fetched = ports.contents([candidate]).then(([made]) => made as Content)
      // The claim is asked for beside what is drawn, not before it: none of them has to wait for another.
      const [release, content, chunk, addresses, strict] = await Promise.all([
        claiming,
        fetched,
        ports.load(candidate.kind) as Promise<Chunk>,
        fetched.then((made) => (ADDRESS.test(jsonOf(made.content)) ? ports.load('addresses') : undefined)),
        !from && 'strict' in candidate.frequency && candidate.frequency.strict
          ? (ports.load('strict') as Promise<Strict>)
          : undefined,
        /^(check|res)/.test(candidate.kind) && ports.load('panel'),
      ])
      if (!release) {
        note(candidate.key, entry, 'slot_taken')
        return false
      }
      await chunk.prepare?.(content)
      const live = !slot || (await ports.stillLive(candidate))
      const refusal = live ? await strict?.claim(ports, candidate, entry) : undefined
      // What was being fetched for the person before must not be shown to the next one.
      if (stopped || begun !== epoch || !live || refusal) {
        release()
        if (refusal) {
          lost.set(candidate.key, refusal)
          note(candidate.key, entry, refusal)
          turn()
        }
        return false
      }
      const shown: Showing = { candidate, release }
      showing.set(candidate.key, shown)
      shownInLoad.add(begun + candidate.key)
      note(candidate.key, entry)
      shown.play = chunk.play({
        ports,
        candidate,
        content,
        addresses,
        entry,
        from,
        launch: (key) => launch(key, candidate),
        ended(reason) {
          showing.delete(candidate.key)
          shown.release()
          for (const word of [reason, 'ended']) ports.emit(`experience:${word}`, { experience: candidate.key, reason })
          turn()
        },
      })
      return true
    } catch {
      void claiming.then((release) => release?.())
      note(candidate.key, entry, 'offline')
      ports.feed?.failed(candidate)
      return false
    } finally {
      coming.delete(begun + candidate.key)
      if (claimed === candidate.key) claimed = ''
    }
  }

  /** What a launch action starts, or nothing when the target is refused: the source stays then (RULES 28). */
  function launch(key: string, source: Candidate): Launch | undefined {
    const next = find(key)
    // A click in what stays begins a new chain.
    if (source.stays) chained = 0
    const because: Because | undefined =
      key === source.key
        ? 'self_launch'
        : chained >= MOST_CHAINED
          ? 'chain_limit'
          : next
            ? refused(next, 'launch_experience')
            : 'not_found'
    if (because) {
      note(key, 'launch_experience', because)
      return undefined
    }
    return () => {
      chained++
      return start(key, 'launch_experience')
    }
  }

  return {
    consider(entry, named) {
      if (entry === 'event') hear(named)
      consider(entry, named)
    },
    opened() {
      openedAt = now()
      hear()
      consider('page_opening')
    },
    start,
    resume() {
      for (const candidate of ports.reply()?.candidates ?? []) {
        const kept = journal.get<{ run: Run; entry: Entry; who: string }>(`run:${candidate.key}`)
        // A run is its person's: whoever comes after them begins one of their own.
        if (kept?.who !== ports.who() || isOn(candidate.key)) continue
        const because = held && interrupts(candidate) ? 'held' : refused(candidate, 'resume', slotTaken)
        if (kept.run.version !== candidate.version) journal.remove(`run:${candidate.key}`)
        // What stands in the way may be gone at the next boot; the journal keeps the run until then.
        else if (because) note(candidate.key, 'resume', because)
        else void show(candidate, kept.entry, kept.run)
      }
    },
    prune(live) {
      for (const shown of all()) {
        if (!live.includes(shown.candidate.version) && !find(shown.candidate.key)) shown.play?.end('paused')
      }
    },
    tell() {
      lost.clear()
      ports.feed?.told()
      for (const [key, shown] of showing) {
        const candidate = find(key)
        if (candidate) shown.play?.told?.(candidate)
      }
      hear()
    },
    decisions: () => log,
    hear,
    uses,
    showing: () => [...showing.keys()],
    hold(on) {
      held = on
      if (on) return
      this.resume()
      consider('page_opening')
    },
    all,
    widget: async (...asked) =>
      ((await ports.load('post')) as typeof import('./chunks/post.ts')).widget(ports, ...asked),
    closeAll(reason) {
      epoch++
      ports.feed?.shut()
      ports.opened?.()
      for (const shown of all()) shown.play?.end(reason)
    },
    stop() {
      stopped = true
      ports.feed?.stop()
      ports.opened?.()
      for (const shown of all()) {
        shown.play?.stop()
        shown.release()
      }
      showing.clear()
    },
  }
}

/** Takes the show-once claim across tabs; undefined when another tab has it. Held until released. */
async function claim(view: Window, name: string): Promise<(() => void) | undefined> {
  const { locks } = view.navigator
  // Plain http has no locks; the ledger, written before the next tab asks, is what remains.
  if (!locks) return () => undefined
  return new Promise((resolve) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        // Held until its promise is resolved: that is how it is released.
        if (lock) return new Promise<void>(resolve)
        resolve(undefined)
        return undefined
      })
      .catch(() => resolve(() => undefined))
  })
}
