import { type EndReason, renderText, wordsFor } from '@handrail/engine'
import type { Drawn, FeedStage, PostStage, Stage } from '@handrail/renderers'
import type { Candidate, Content, PostContent, Text, Theme } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import type { Asked, Play } from './play.ts'
import type { Ports } from './runtime.ts'
import { createScene } from './scene.ts'
import { settle, stateOf } from './settled.ts'

export interface PostParts {
  drawFeed(stage: FeedStage, theme: Theme): Required<Drawn>
  drawPost(stage: PostStage, theme: Theme): Required<Drawn>
}

/** The feed of one page, and the post that is open on it. */
export interface Feed {
  run(name: string, argument?: unknown): unknown
  open(from?: string): Promise<void>
  /** A post came to be open: closes what was, and says whether it came out of the feed. */
  reading(content: Content, close: Dispose): boolean
  /** What was asked for could not be had: of a post the reader is told. */
  failed(candidate: Candidate): void
  /** The server decided anew. */
  told(): void
  /** Somebody else is here: what is open closes, and the page's own elements go on opening and counting. */
  shut: Dispose
  stop: Dispose
}

const FEED = '@feed'
const BADGE = '[data-handrail-badge]'
const TRIGGER = '[data-handrail-feed]'
const LIKE = 'like'
/** As many as the server gives in one answer. */
const MOST_CONTENTS = 50

const dateOf = (ports: Ports, { publishedAt }: Candidate) =>
  new Intl.DateTimeFormat(ports.locale(), { dateStyle: 'medium' }).format(publishedAt)

/** The feed of these ports: the posts that this user may read here, newest first. */
export function feedOf(ports: Ports, parts: PostParts): Feed {
  if (ports.feed) return ports.feed
  const { view, guard, ledger, now } = ports
  const page = view.document
  let panel: Required<Drawn> | undefined
  let closePost: Dispose | undefined
  let before: HTMLElement | null = null
  let picked = ''
  let opening = false
  let listens = false
  let media: Stage['media']
  /** What was read or listed on this page, by version: it is there offline too. */
  const known = new Map<string, Content>()
  const waiting: (() => void)[] = []
  /** Gives elements of the page back as they were before we filled or hid them. */
  const undo = new Map<HTMLElement, Dispose>()

  const lastOpen = () => ledger.of(FEED, ports.reply()?.feed).last_seen ?? 0
  const posts = () =>
    (ports.reply()?.candidates ?? [])
      .filter((each) => each.kind === 'post' && ports.may(each))
      .sort((one, other) => other.publishedAt - one.publishedAt)
  const isUnread = (each: Candidate) => each.publishedAt > lastOpen() && !ledger.of(each.key, each.state).last_seen
  const unread = () => posts().filter(isUnread).length

  /** Fills what the page holds out for the count; with nothing to read it is hidden. */
  function fillBadges() {
    const count = unread()
    for (const badge of page.querySelectorAll<HTMLElement>(BADGE)) {
      const { textContent, hidden } = badge
      if (!undo.has(badge)) undo.set(badge, () => Object.assign(badge, { textContent, hidden }))
      badge.textContent = count ? `${count}` : ''
      badge.hidden = !count
    }
  }

  /** Shows the feed, or what is known of it; `from` is the post that the reader comes back from. */
  async function open(from = '') {
    if (panel || opening) return
    opening = true
    const all = posts()
    try {
      for (let at = 0; at < all.length; at += MOST_CONTENTS)
        for (const each of await ports.contents(all.slice(at, at + MOST_CONTENTS))) keep(each)
      if ([...known.values()].some((each) => (each.content as PostContent).cover))
        media = ((await ports.load('addresses')) as typeof import('./chunks/addresses.ts')).drawMedia
    } catch {
      // The reader is told what is missing, and may ask for it again.
    }
    opening = false
    draw(all, from)
  }

  function keep(content: Content | undefined) {
    if (content) known.set(content.version, content)
  }

  function draw(all: readonly Candidate[], from: string) {
    const lines = all.flatMap((each) => {
      const content = known.get(each.version)
      if (!content) return []
      const text = (words: Text) => renderText(wordsFor(words, ports.locale(), content.defaultLocale), ports.values)
      const press = () => {
        shut(false)
        picked = each.key
        void ports.start(each.key, 'manual')
      }
      return [
        {
          at: each.key,
          post: content.content as PostContent,
          text,
          date: dateOf(ports, each),
          isNew: isUnread(each),
          press,
        },
      ]
    })
    if (lines.length < all.length) return drawFeed(lines, from, 'posts', () => open(from))
    drawFeed(lines, from)
    ledger.note(FEED, { last_seen: now() })
    ports.tell('feed_opened', { experience: FEED })
    fillBadges()
  }

  function drawFeed(lines: FeedStage['lines'], from = '', what?: 'post' | 'posts', ask?: () => unknown) {
    before ??= page.activeElement as HTMLElement | null
    const [theme] = [...known.values()].map((each) => each.theme)
    const close = () => shut(true)
    const again = () => {
      close()
      ask?.()
    }
    panel = parts.drawFeed({ ...stage(), lines, from, missing: what && { what, again }, close }, theme ?? { key: '' })
  }

  /** What the feed is drawn with; it is no experience, so nothing in it acts. */
  const stage = (): Stage => ({
    document: page,
    theme: { key: '' },
    locale: ports.locale(),
    text: () => '',
    href: (address) => address,
    media,
    word: (name, english) => ports.reply()?.words?.[name] ?? english,
    act: () => undefined,
    guard,
  })

  function shut(back: boolean) {
    panel?.close()
    panel = undefined
    if (!back) return
    if (before?.isConnected) before.focus({ preventScroll: true })
    before = null
  }

  const onClick = guard((event: Event) => {
    if ((event.target as Element).closest?.(TRIGGER)) void open()
  })
  const showTriggers = (shown: boolean) => {
    for (const each of page.querySelectorAll<HTMLElement>(TRIGGER)) {
      const { hidden } = each
      if (!undo.has(each)) undo.set(each, () => Object.assign(each, { hidden }))
      each.hidden = !shown
    }
  }

  const commands: Record<string, (argument: unknown) => unknown> = {
    'widget:open': (key) => (typeof key === 'string' && key ? ports.start(key, 'manual') : open()),
    'widget:close'() {
      shut(true)
      closePost?.()
    },
    'widget:unreadCount': unread,
    'widget:lastOpenDate': () => (lastOpen() ? new Date(lastOpen()) : null),
    'widget:resetLastOpenDate'() {
      ledger.note(FEED, { reset: now() })
      ports.tell('feed_reset', { experience: FEED })
      fillBadges()
    },
    'widget:showTrigger': () => showTriggers(true),
    'widget:hideTrigger': () => showTriggers(false),
    'badge:find'() {
      fillBadges()
      if (!listens) page.addEventListener('click', onClick)
      listens = true
    },
  }

  ports.feed = {
    // Before the first answer of the server nobody knows what there is to read.
    run: async (name, argument) => {
      if (!ports.reply()) await new Promise<void>((ready) => waiting.push(ready))
      return commands[name]?.(argument)
    },
    told() {
      for (const ready of waiting.splice(0)) ready()
      if (listens) fillBadges()
    },
    open,
    reading(content, close) {
      keep(content)
      shut(false)
      closePost?.()
      closePost = () => {
        closePost = undefined
        close()
      }
      const out = picked === content.key
      picked = ''
      return out
    },
    failed({ kind, key }) {
      if (kind !== 'post') return
      shut(false)
      closePost?.()
      drawFeed([], '', 'post', () => ports.start(key, 'manual'))
    },
    shut: () => shut(false),
    stop() {
      shut(false)
      page.removeEventListener('click', onClick)
      for (const back of undo.values()) back()
    },
  }
  return ports.feed
}

/** Plays one post: read to the end or not, closing it ends the run. */
export function playPost(asked: Asked, parts: PostParts): Play {
  const { ports, candidate, content } = asked
  const { view, guard, journal, now } = ports
  const feed = feedOf(ports, parts)
  const run = { id: ports.newId() }
  const post = content.content as PostContent
  const before = view.document.activeElement as HTMLElement | null
  let panel: Required<Drawn> | undefined
  let wasSeen = false
  let comments = 0
  /** What it launched, once that has come or is known not to come. */
  let away = ''
  let over = false

  const launch = (key: string) => {
    const go = asked.launch(key)
    return (
      go &&
      (async () => {
        const started = await go()
        away = key
        guard(back)()
        return started
      })
    )
  }
  const scene = createScene({ ...asked, launch }, run, {
    step: () => candidate.key,
    isLast: () => false,
    goTo: () => undefined,
    finish,
    close: hide,
  })

  function hide() {
    panel?.close()
    panel = undefined
  }

  function stop() {
    over = true
    hide()
  }

  function finish(reason: EndReason) {
    if (over) return
    stop()
    scene.ended(reason, false)
    asked.ended(reason)
  }

  /** Whoever read it is done with it; whoever closed it at once passed it over. */
  const close = () => finish(wasSeen ? 'completed' : 'dismissed')
  const out = feed.reading(content, close)

  function show() {
    const { done = {}, skipped = {} } = stateOf(ports, candidate)
    panel = parts.drawPost(
      {
        ...scene.stage(),
        post,
        date: dateOf(ports, candidate),
        liked: (done[LIKE] ?? 0) > (skipped[LIKE] ?? 0),
        like(is) {
          const said = { [LIKE]: now() }
          settle(ports, candidate.key, is ? { done: said } : { skipped: said })
          scene.tell(is ? 'post_liked' : 'post_unliked')
        },
        comment(text) {
          scene.tell('post_commented', { text }, { messageId: `${run.id}.comment.${++comments}` })
        },
        back: out
          ? () => {
              close()
              void feed.open(candidate.key)
            }
          : undefined,
        close() {
          close()
          if (before?.isConnected) before.focus({ preventScroll: true })
        },
        seen() {
          wasSeen = true
          scene.seen(false)
          scene.tell('post_seen')
        },
      },
      content.theme,
    )
  }
  /** What it launched is over, or never came: it is back (RULES 28). */
  function back() {
    if (over || !away || journal.get(`run:${away}`)) return
    away = ''
    show()
  }
  show()

  return {
    heard: back,
    end: finish,
    stop,
    open() {
      if (!panel) show()
    },
  }
}
