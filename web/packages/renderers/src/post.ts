import type { PostContent, Theme } from '@handrail/wire'
import { drawBlocks, drawButton, make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import type { Drawn, Stage } from './stage.ts'
import { sheetFor } from './style.ts'
import { assist, mount, trap, watchSeen } from './surface.ts'

const OWN = `
[popover]{--surface:#fff;--text:#1b1f2a;--muted:#525a6b;--border:#dfe3ea;--primary:#2f4fd8;--on-primary:#fff}
.news{inset-block:16px;inset-inline:auto 16px;width:min(400px,100vw - 32px);max-height:calc(100dvh - 32px);padding:0;display:flex;flex-direction:column;overflow:hidden}
.head{display:flex;align-items:center;gap:8px;padding:16px 56px 12px 20px;padding-inline:20px 56px;border-bottom:1px solid var(--border)}
.inside{overflow:auto;overscroll-behavior:contain;padding:16px 20px 20px;display:grid;grid-auto-rows:max-content;gap:12px;align-content:start;flex:1}
.inside:focus-visible{outline-offset:-2px}
.entry{display:grid;gap:4px;text-align:start;background:none;color:var(--text);border:1px solid var(--border);padding:14px;font-weight:400;overflow-wrap:anywhere}
.entry:hover{filter:none;border-color:var(--primary)}
.entry b{font-size:16px;line-height:1.35;font-weight:650}
.entry img,.inside>img{width:100%;max-height:200px;object-fit:cover}
.entry img{margin-bottom:8px}
.meta{display:flex;flex-wrap:wrap;align-items:center;gap:6px 10px;font-size:13px;color:var(--muted)}
.tag{background:color-mix(in srgb,var(--primary) 12%,transparent);color:var(--text);border-radius:99px;padding:1px 10px;font-weight:600}
.dot{width:8px;height:8px;border-radius:50%;background:var(--primary)}
.back,.like{background:none;color:var(--text);border-color:var(--border);display:flex;align-items:center;gap:8px}
.back{padding:5px;min-height:32px;min-width:32px;justify-content:center}
[dir=rtl] .back svg{transform:scaleX(-1)}
.like[aria-pressed=true] path{fill:currentColor}
.like[aria-pressed=true]{color:var(--primary)}
form{display:grid;gap:8px;border-top:1px solid var(--border);padding-top:14px}
label{font-weight:600;font-size:14px}
textarea{font:inherit;color:inherit;background:var(--surface);border:1px solid var(--muted);border-radius:calc(var(--radius) - 2px);padding:8px 10px;min-height:72px;width:100%;resize:vertical}
form button{justify-self:start}
@media(max-width:559px){.news{inset:auto 8px calc(8px + max(var(--keyboard,0px),env(safe-area-inset-bottom))) 8px;width:auto;max-height:calc(100dvh - 48px - var(--keyboard,0px))}}
@media(max-height:460px){.news{inset-block:8px;max-height:calc(100dvh - 16px)}}
`
const NARROW = '(max-width:559px)'

export interface NewsStage extends Stage {
  close(by: 'cross' | 'esc'): void
}

/** One line of the feed. Each has its own default language. */
export interface Line {
  at: string
  post: PostContent
  text: Stage['text']
  date: string
  isNew: boolean
  press(): void
}

export interface FeedStage extends NewsStage {
  lines: readonly Line[]
  /** The line that the reader comes back from. */
  from: string
  /** What could not be had: the post that was asked for, or some of the lines. */
  missing?: { what: 'post' | 'posts'; again(): void } | undefined
}

export interface PostStage extends NewsStage {
  post: PostContent
  date: string
  liked: boolean
  like(is: boolean): void
  comment(text: string): void
  back?: (() => void) | undefined
  seen(): void
}

/** The panel of the feed and of one post: a dialog beside the page; over a phone's page, a sheet that keeps the focus. */
function drawNews(
  stage: NewsStage,
  theme: Theme,
  title: string,
  inside: readonly (Node | string)[],
  back?: () => void,
): Required<Drawn> {
  const surface = mount(stage, sheetFor(theme, OWN))
  const head = make(stage, 'div', 'head')
  if (back) {
    const button = plain(stage, 'back', back, drawIcon(stage, 'M9 2 4 7l5 5'))
    button.ariaLabel = stage.word('posts', 'What is new')
    head.append(button)
  }
  const heading = make(stage, 'h2', '', title)
  heading.id = 'title'
  head.append(heading)
  const body = make(stage, 'div', 'inside', ...inside)
  body.tabIndex = 0
  body.role = 'region'
  body.setAttribute('aria-labelledby', 'title')
  const cross = plain(stage, 'cross', () => stage.close('cross'), drawIcon(stage, 'M2 2l10 10M12 2 2 12'))
  cross.ariaLabel = stage.word('close', 'Close')
  const card = make(stage, 'div', 'card news', head, body, cross)
  card.role = 'dialog'
  card.setAttribute('aria-labelledby', 'title')
  card.tabIndex = -1
  card.lang = stage.locale
  card.addEventListener(
    'keydown',
    stage.guard((event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      event.preventDefault()
      stage.close('esc')
    }),
  )
  surface.raise(card)
  const modal = matchMedia(NARROW).matches
  if (modal) card.ariaModal = 'true'
  const offs = [() => surface.close(), assist(stage, surface.root, card, true)]
  if (modal) offs.push(trap(stage, card))
  return {
    card,
    move: () => undefined,
    close() {
      for (const off of offs.reverse()) off()
    },
  }
}

function plain(stage: Stage, name: string, does: () => void, ...children: (Node | string)[]): HTMLButtonElement {
  const button = make(stage, 'button', name, ...children)
  button.type = 'button'
  button.addEventListener('click', stage.guard(does))
  return button
}

/** The feed: newest first, one button an entry. */
export function drawFeed(stage: FeedStage, theme: Theme): Required<Drawn> {
  const lines = stage.lines.map(({ post, text, ...line }) => {
    const own = { ...stage, text }
    const meta = metaOf(own, post, line.date)
    if (line.isNew) {
      const dot = make(stage, 'span', 'dot')
      dot.role = 'img'
      dot.ariaLabel = stage.word('new', 'New')
      meta.prepend(dot)
    }
    const button = plain(
      stage,
      'entry',
      line.press,
      ...drawCover(own, post),
      meta,
      make(stage, 'b', '', text(post.title)),
    )
    button.dataset['at'] = line.at
    return button
  })
  const rest = stage.missing
    ? drawMissing(stage, stage.missing)
    : lines.length
      ? []
      : [make(stage, 'p', '', stage.word('no_posts', 'Nothing new yet.'))]
  const drawn = drawNews(stage, theme, stage.word('posts', 'What is new'), [...lines, ...rest])
  lines.find((each) => each.dataset['at'] === stage.from)?.focus()
  return drawn
}

/** Says what is not here, and asks for it again when it is wanted. */
function drawMissing(stage: Stage, { what, again }: NonNullable<FeedStage['missing']>): HTMLElement[] {
  const said =
    what === 'post'
      ? stage.word('post_away', 'This post could not be loaded. You may be offline.')
      : stage.word('posts_away', 'Not all posts could be loaded. You may be offline.')
  return [make(stage, 'p', '', said), plain(stage, 'secondary', again, stage.word('again', 'Try again'))]
}

/** The picture at the head of a post; one that cannot be had leaves no hole. */
function drawCover(stage: Stage, { cover }: PostContent): Element[] {
  const drawn = (cover && stage.media ? drawBlocks(stage, [cover]) : []) as Element[]
  for (const each of drawn) each.addEventListener('error', () => each.remove())
  return drawn
}

function metaOf(stage: Stage, post: PostContent, date: string): HTMLElement {
  const meta = make(stage, 'span', 'meta')
  if (post.label) meta.append(make(stage, 'span', 'tag', stage.text(post.label)))
  meta.append(make(stage, 'span', '', date))
  return meta
}

/** One post: cover, words, its one button, a like that can be taken back, a comment. */
export function drawPost(stage: PostStage, theme: Theme): Required<Drawn> {
  const { post } = stage
  const foot = make(stage, 'div', 'buttons')
  if (post.cta) foot.append(drawButton(stage, post.cta))
  if (post.likes !== false) foot.append(drawLike(stage))
  const parts = [
    ...drawCover(stage, post),
    metaOf(stage, post, stage.date),
    ...drawBlocks(stage, post.blocks ?? []),
    ...(foot.firstChild ? [foot] : []),
    ...(post.comments !== false ? [drawForm(stage)] : []),
  ]
  const drawn = drawNews(stage, theme, stage.text(post.title), parts, stage.back)
  const off = watchSeen(stage, drawn.card, stage.seen)
  return {
    ...drawn,
    close() {
      off()
      drawn.close()
    },
  }
}

function drawLike(stage: PostStage): HTMLButtonElement {
  let { liked } = stage
  const heart = drawIcon(
    stage,
    'M7 12.2 2.3 7.4a3 3 0 0 1 0-4.3 3 3 0 0 1 4.3 0l.4.5.4-.5a3 3 0 0 1 4.3 0 3 3 0 0 1 0 4.3z',
  )
  const button = plain(
    stage,
    'like',
    () => {
      liked = !liked
      button.ariaPressed = `${liked}`
      stage.like(liked)
    },
    heart,
    stage.word('like', 'Like'),
  )
  button.ariaPressed = `${liked}`
  return button
}

/** A comment is sent once: the form gives way to a word of thanks. */
function drawForm(stage: PostStage): HTMLElement {
  const label = make(stage, 'label', '', stage.word('comment', 'Comment'))
  label.htmlFor = 'comment'
  const field = make(stage, 'textarea')
  field.id = 'comment'
  field.maxLength = 1000
  field.required = true
  const send = make(stage, 'button', 'secondary', stage.word('send', 'Send'))
  send.type = 'submit'
  const form: HTMLElement = make(stage, 'form', '', label, field, send)
  form.addEventListener(
    'submit',
    stage.guard((event) => {
      event.preventDefault()
      const text = field.value.trim()
      if (!text) return field.focus()
      stage.comment(text)
      const thanks = make(stage, 'p', '', stage.word('commented', 'Thank you, your comment was sent.'))
      thanks.role = 'status'
      thanks.tabIndex = -1
      form.replaceChildren(thanks)
      thanks.focus()
    }),
  )
  return form
}
