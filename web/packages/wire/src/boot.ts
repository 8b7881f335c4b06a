/** What boot says and hears; twins of the structs in `handrail.delivery.wire`. */

import type {
  AttributeValue,
  BannerContent,
  Condition,
  Device,
  Frequency,
  Kind,
  ShowOn,
  Theme,
  TourContent,
  Where,
} from './documents.ts'

export type Instruction =
  | ['char', number[], 0 | 1]
  | ['any']
  | ['split', number, number]
  | ['jump', number]
  | ['start']
  | ['end']
  | ['word', 0 | 1]
  | ['match']
export interface Program {
  v: 1
  code: Instruction[]
}

/** One snooze: when it was said (ms), the message that said it, until when it hides. */
export type Snoozed = [at: number, messageId: string, until: number]
/** A value and who said it last: when (ms), in which message. */
export type Written = [value: AttributeValue, stamp: [at: number, messageId: string]]
/** Instants in milliseconds, 0 or absent for never. */
export interface ExperienceState {
  first_seen?: number
  last_seen?: number
  completed?: number
  dismissed?: number
  answered?: number
  snoozes?: Snoozed[]
  answers?: Record<string, Written>
}

export interface BootRequest {
  project: string
  key?: string
  page: { url: string; title?: string; referrer?: string }
  sdk: string
  anonymousId?: string
  userId?: string
  device?: Device
  locale?: string
  zone?: string
  sentAt?: string
  batch?: unknown[]
  have?: string[]
}
export interface Candidate {
  id: string
  key: string
  kind: Kind
  version: string
  url: string
  priority: number
  publishedAt: number
  showOn: ShowOn
  where: Where
  frequency: Frequency
  respectsRateLimit?: boolean
  starts?: number
  ends?: number
  residual?: Condition
  state?: ExperienceState
  patterns?: Record<string, Program>
}
export interface RateLimit {
  count: number
  every: number
  unit: 'minute' | 'hour' | 'day' | 'week'
  shown?: number[]
}
/** What could flip a verdict: attributes with their source, names of events. Boot again when one changes. */
export interface Watch {
  attributes?: string[]
  events?: string[]
}
export interface BootReply {
  environment: string
  key: string
  project: string
  now: number
  zone: string
  alias: boolean
  anonymousId?: string
  userId?: string
  attributes?: Record<string, AttributeValue>
  segments?: string[]
  revision: string
  revisionUrl: string
  candidates: Candidate[]
  watch?: Watch
  validUntil?: number
  rateLimit?: RateLimit
  content: Record<string, Content>
  accepted?: string[]
  rejected?: Record<string, string>
}
export interface Content {
  version: string
  key: string
  kind: Kind
  name: string
  defaultLocale: string
  content: TourContent | BannerContent
  theme: Theme
}
export interface Revision {
  revision: string
  live: string[]
}
