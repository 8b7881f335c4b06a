import { drawFeed, drawPost } from '@handrail/renderers/post'
import type { Asked } from '../play.ts'
import { feedOf, playPost } from '../posts.ts'
import type { Ports } from '../runtime.ts'

const parts = { drawFeed, drawPost }

/** Plays one post. */
export const play = (asked: Asked) => playPost(asked, parts)

/** What the host asks of the feed. */
export const widget = (ports: Ports, name: string, argument?: unknown): unknown =>
  feedOf(ports, parts).run(name, argument)
