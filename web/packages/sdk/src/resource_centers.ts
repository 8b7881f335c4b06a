import { progressOf } from '@handrail/engine'
import type { CenterLine, CenterStage, DrawnPanel, Hit, PanelStage } from '@handrail/renderers'
import type {
  Action,
  Candidate,
  Card,
  ChecklistContent,
  Content,
  PostContent,
  ResourceCenterContent,
} from '@handrail/wire'
import type { Dispose } from './guard.ts'
import { createPanel, type PanelKind } from './panel/panel.ts'
import type { Asked, Play } from './play.ts'
import { stateOf } from './settled.ts'

/** How a resource center draws what it shows. */
export interface CenterParts extends Pick<PanelKind, 'drawLauncher' | 'drawPanel'> {
  sheet(theme: Content['theme']): CSSStyleSheet
  drawCenter(panel: DrawnPanel, stage: CenterStage): void
}

/** As many as the server gives in one answer. */
const MOST_CONTENTS = 50

/** What a search looks through: a line's words, and what opening it means. */
type Found = Hit & { words: string }

/** Letters as a search compares them: without marks, width and case, a sharp s as the two that it is in capitals. */
export const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase()

/** Plays the resource center. Posts and checklists are what this user may meet; they come once the panel is opened. */
export function playCenter(asked: Asked, parts: CenterParts): Play {
  const { ports, content } = asked
  const { ledger, guard } = ports
  const center = content.content as ResourceCenterContent
  const known = new Map<string, Content>()
  const wanted = new Set<string>()
  /** The panel in which something could not be had: the next one asks for it again. */
  let failed: DrawnPanel | undefined
  let current: DrawnPanel | undefined
  let gone = false
  let shut: Dispose | undefined
  let most = Math.max(0, ...center.cards.map((card) => (card.type === 'feed' ? (card.most ?? 3) : 0)))

  const others = (kind: string) =>
    ports.reply()?.candidates.filter((each) => each.kind === kind && ports.may(each)) ?? []
  const isUnread = (each: Candidate) => !ledger.of(each.key, each.state).last_seen
  const posts = () => others('post').sort((one, other) => other.publishedAt - one.publishedAt)
  const unread = () => (center.cards.some((card) => card.type === 'feed') ? posts().filter(isUnread).length : 0)

  const panel = createPanel(asked, {
    launcher: center.launcher ?? {},
    title: center.title,
    about: center.text ?? '',
    sheet: parts.sheet(content.theme),
    drawLauncher: parts.drawLauncher,
    drawPanel: parts.drawPanel,
    expands: () => false,
    stop() {
      gone = true
      shut?.()
    },
    fill(drawn, stage) {
      current = drawn
      if (failed !== drawn) fetchContents()
      const search = center.cards.find((card) => card.type === 'search')
      const lines = center.cards.flatMap((card, at) => linesOf(card, `${at}`, stage))
      parts.drawCenter(drawn, {
        ...stage,
        lines,
        search: search && (search.placeholder ? stage.text(search.placeholder) : stage.word('search', 'Search')),
        hits: (sought) => find(sought, stage),
      })
    },
    badge: (stage) => [unread(), stage.word('unread', '# new', unread())],
  })

  /** The contents of posts and checklists that the panel lists; the panel is drawn again as they come. */
  function fetchContents() {
    const missing = [...others('post'), ...others('checklist')].filter((each) => !wanted.has(each.version))
    for (let at = 0; at < missing.length; at += MOST_CONTENTS) fetchSome(missing.slice(at, at + MOST_CONTENTS))
  }

  function fetchSome(some: readonly Candidate[]) {
    for (const each of some) wanted.add(each.version)
    // What is listed can be read, also once the network is gone.
    if (some.some((each) => each.kind === 'post')) ports.load('post').catch(() => undefined)
    ports.contents(some).then(
      guard((made) => {
        for (const each of made) known.set(each.version, each)
        panel.redraw()
      }),
      guard(() => {
        for (const each of some) wanted.delete(each.version)
        failed = current
        panel.redraw()
      }),
    )
  }

  const act = (key: string, actions: readonly Action[]) =>
    void panel.act(key, () => panel.scene.act(actions, 'card', key))
  const launch = (experience: string) => act(experience, [{ type: 'launch_experience', experience }])

  function postLines(stage: PanelStage): (CenterLine & { type: 'block' })[] {
    return posts().flatMap((each) => {
      const post = known.get(each.version)?.content as PostContent | undefined
      if (!post) return []
      const text = post.label ? stage.text(post.label) : ''
      return [
        {
          type: 'block' as const,
          at: `post ${each.key}`,
          title: stage.text(post.title),
          text,
          icon: 'none' as const,
          isNew: isUnread(each),
          press: () => launch(each.key),
        },
      ]
    })
  }

  function listLines(stage: PanelStage): (CenterLine & { type: 'block' })[] {
    return others('checklist').flatMap((each) => {
      const list = known.get(each.version)?.content as ChecklistContent | undefined
      const state = stateOf(ports, each)
      if (!list || state.dismissed || state.completed) return []
      const { settled } = progressOf(list, state)
      const text = stage.word('tasks_done', '# of # done', settled, list.tasks.length)
      const at = `list ${each.key}`
      return [
        {
          type: 'block' as const,
          at,
          title: stage.text(list.title),
          text,
          icon: 'none' as const,
          press: () => launch(each.key),
        },
      ]
    })
  }

  function linesOf(card: Card, at: string, stage: PanelStage): CenterLine[] {
    switch (card.type) {
      case 'heading':
        return [{ type: 'heading', text: stage.text(card.text) }]
      case 'card': {
        const { key, title, text = '', icon = 'none', actions = [] } = card
        const press = () => act(key, actions)
        return [{ type: 'block', at, title: stage.text(title), text: stage.text(text), icon, press }]
      }
      case 'links': {
        const head: CenterLine[] = card.title ? [{ type: 'heading', text: stage.text(card.title) }] : []
        return [...head, ...linkLines(card, at, stage)]
      }
      case 'feed': {
        const lines = postLines(stage)
        const more: CenterLine[] =
          lines.length > most
            ? [
                {
                  type: 'more',
                  at: `more ${at}`,
                  press: () => {
                    most += 10
                    panel.redraw()
                  },
                },
              ]
            : []
        const away = stage.word('posts_away', 'Not all posts could be loaded. You may be offline.')
        const none = stage.word('no_posts', 'Nothing new yet.')
        const rest = lines.length < posts().length ? (failed === current ? [away] : []) : lines.length ? [] : [none]
        return [
          { type: 'heading', text: stage.word('posts', 'What is new') },
          ...lines.slice(0, most),
          ...more,
          ...rest.map((text) => ({ type: 'words' as const, text })),
        ]
      }
      case 'checklists':
        return listLines(stage)
      case 'agent': {
        const title = card.title ? stage.text(card.title) : stage.word('agent', 'Ask the assistant')
        return [{ type: 'block', at, title, text: '', icon: 'chat', press: () => openAgent() }]
      }
      default:
        return []
    }
  }

  function linkLines(card: Card & { type: 'links' }, at: string, stage: PanelStage): (CenterLine & { type: 'link' })[] {
    return card.links.flatMap((link, number) => {
      const href = stage.href(link.url)
      const newTab = link.open_in !== 'same_tab'
      if (!href) return []
      const title = stage.text(link.label)
      const press = (event: MouseEvent) => {
        // A new tab and a held key are the browser's own business; the rest goes the way of every navigation.
        if (newTab || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        act(`link ${title}`, [{ type: 'navigate_to', url: link.url }])
      }
      return [{ type: 'link', at: `${at} ${number}`, title, href, newTab, press }]
    })
  }

  function find(sought: string, stage: PanelStage): Hit[] {
    const words = plain(sought).split(/\s+/).filter(Boolean)
    const all: Found[] = center.cards.flatMap((card, at): Found[] => {
      if (card.type === 'links')
        return linkLines(card, `${at}`, stage).map(({ title, href, newTab }, number) => {
          const url = (card.links[number] as { url: string }).url
          const press = () =>
            act(`link ${title}`, [{ type: 'navigate_to', url, open_in: newTab ? 'new_tab' : 'same_tab' }])
          return { title, text: '', words: `${title} ${href}`, press }
        })
      return linesOf(card, `${at}`, stage).flatMap((line) =>
        line.type === 'block' && card.type !== 'feed' ? [hitOf(line)] : [],
      )
    })
    // Every post is looked through, also those that the feed does not show yet.
    all.push(...postLines(stage).map(hitOf))
    return all.filter((each) => words.every((word) => plain(each.words).includes(word))).slice(0, 20)
  }

  const hitOf = ({ title, text, press }: CenterLine & { type: 'block' }): Found => ({
    title,
    text,
    words: `${title} ${text}`,
    press,
  })

  /** The agent takes the panel's place, and gives it back. */
  function openAgent() {
    panel.scene.tell('action_fired', { step: 'agent', action: 'launch_agent', by: 'card' })
    panel.close()
    const stage = panel.scene.stage()
    ports.load('agent').then(
      guard((chunk) => {
        if (gone) return
        shut = (chunk as unknown as typeof import('./chunks/agent.ts')).open(stage, () => panel.show('api', true))
      }),
      () => undefined,
    )
  }

  panel.heard()
  return panel
}
