import type { Action, Image, Text, Theme, Video } from '@handrail/wire'

/** Who acted: a button, the closing cross, Esc, the target, the mark of a hint, a task, a card, or a condition. */
export type By = 'cta' | 'cross' | 'esc' | 'target' | 'trigger' | 'hint' | 'task' | 'card' | 'condition'

/** What every renderer is given. It draws; others decide. */
export interface Stage {
  document: Document
  theme: Theme
  /** The language of the texts, which is said of what is drawn: another voice would read them. */
  locale: string
  /** Resolves locale and attribute chips. */
  text(text: Text): string
  /** Resolves a link's template to a safe address, or null when it may not be followed. */
  href(template: string): string | null
  /** Draws images and videos; there wherever the content holds one. */
  media?: ((stage: Stage, block: Image | Video) => Node) | undefined
  /** One of our own words in the reader's language; `english` where we have no other. Each `#` is a number's place. */
  word(name: string, english: string, ...numbers: number[]): string
  act(actions: readonly Action[], by: By, button?: string): void
  /** Wraps a callback so that no error reaches the host. */
  guard<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void
}

/** One step of a tour or a survey, or a banner: what can be closed by a cross and by Esc. */
export interface StepStage<Content extends { cross?: { action?: Action } } = { cross?: { action?: Action } }>
  extends Stage {
  content: Content
  index: number
  count: number
  showProgress: boolean
  /** The element a step points at; null floats it. */
  target: Element | null
  /** What the cross does; null hides it. */
  cross: 'dismiss' | 'snooze' | null
  /** False when the snoozes of this cycle are used up: what snoozes says that it closes. */
  snoozeLeft: boolean
  /** It takes the focus: the user pressed for it, or was in the card before and is nowhere else since. */
  entered?: boolean
  /** Called once, when painted and at least half visible for one second. */
  seen(): void
}

/** A drawn step. `move` points it at the element that the host made anew. */
export interface Drawn {
  /** What takes the focus when the user asked for it. */
  card?: HTMLElement
  move(target: Element | null): void
  close(): void
}

export type Renderer<Content extends { cross?: { action?: Action } }> = (stage: StepStage<Content>) => Drawn
export type Dispose = () => void
