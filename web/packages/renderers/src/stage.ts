import type { Action, BannerContent, Step, Text, Theme } from '@handrail/wire'

/** What a renderer is given. It draws; others decide. */
export interface Stage {
  document: Document
  content: Step | BannerContent
  kind: 'tour' | 'banner'
  index: number
  count: number
  showProgress: boolean
  theme: Theme
  /** Resolves locale and attribute chips. */
  text(text: Text): string
  /** Resolves a link's template to a safe address, or null when it may not be followed. */
  href(template: string): string | null
  locale: string
  /** The element a tooltip points at; null floats it. */
  target: Element | null
  /** What the cross does; null hides it. */
  cross: 'dismiss' | 'snooze' | null
  /** False when the snoozes of this cycle are used up: what snoozes says that it closes. */
  snoozeLeft: boolean
  act(actions: readonly Action[], by: 'cta' | 'cross' | 'esc' | 'target', button?: string): void
  /** Called once, when painted and at least half visible for one second. */
  seen(): void
  /** Wraps a callback so that no error reaches the host. */
  guard<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void
}

/** A drawn step. `move` points it at the element that the host made anew. */
export interface Drawn {
  move(target: Element | null): void
  close(): void
}

export type Renderer = (stage: Stage) => Drawn
export type Dispose = () => void
