// Generated from spec/schema by tools/schema-types.mjs. Change the Python types instead.

import type {
  AttributeValue,
  BannerContent,
  ChecklistContent,
  Condition,
  Device,
  Frequency,
  HintContent,
  Kind,
  PostContent,
  ResourceCenterContent,
  ShowOn,
  SurveyContent,
  Theme,
  TourContent,
  Where,
} from './documents.ts'

/** One snooze of an experience: when it was said, and until when it hides. Milliseconds. */
export type Snoozed = [number, string, number]

/** A value and who said it last. */
export type Written = [AttributeValue, Stamp]

/** When a fact was said: greater wins. `message_id` breaks ties, so any order of arrival gives one answer. */
export type Stamp = [number, string]

/** That one of a user's browsers may draw what is shown strictly once, and since when (milliseconds). */
export type Claim = [number, string]

export type Instruction =
  | ['char', number[], 0 | 1]
  | ['any']
  | ['all']
  | ['split', number, number]
  | ['jump', number]
  | ['start']
  | ['end']
  | ['word', 0 | 1]
  | ['match']

/** `POST /sdk/v1/boot`, JSON in a text/plain body. `batch` holds the outbox's unsent events, Segment-shaped. */
export interface BootRequest {
  project: string
  page: Page
  sdk: string
  key?: string
  anonymousId?: string
  userId?: string | number
  device?: Device
  locale?: string
  zone?: string
  sentAt?: string
  batch?: unknown[]
  signature?: string
  have?: string[]
  preview?: string
  segments?: boolean
}

/** The page the browser is on. */
export interface Page {
  url: string
  title?: string
  referrer?: string
}

/**
 * Boot's answer. `attributes` holds just what the candidates' templates name. Instants in milliseconds.
 *
 * `content` inlines versions that may show on this page now, by version. `valid_until`: boot again once it passed.
 */
export interface BootReply {
  environment: string
  key: string
  project: string
  now: number
  zone: string
  alias: boolean
  anonymousId?: string
  userId?: string
  attributes?: {
    [k: string]: AttributeValue
  }
  segments?: string[]
  revision: string
  revisionUrl: string
  candidates: Candidate[]
  watch?: Watch
  validUntil?: number
  rateLimit?: RateLimit
  content: {
    [k: string]: Content
  }
  accepted?: string[]
  rejected?: {
    [k: string]: string
  }
  preview?: string
  words?: {
    [k: string]: string
  }
  feed?: ExperienceState
}

/**
 * One live experience this user may meet. `residual` is what only the browser can answer; absent means nothing.
 *
 * `starts` and `ends` are instants (milliseconds, 0 for open). `url` is where the version's content is.
 */
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
  stays?: boolean
  starts?: number
  ends?: number
  residual?: Condition
  state?: ExperienceState
  patterns?: {
    [k: string]: Program
  }
  tasks?: {
    [k: string]: Condition
  }
}

/** What became of one experience for one user. Instants in milliseconds, 0 for never; joined by min and max. */
export interface ExperienceState {
  first_seen?: number
  last_seen?: number
  completed?: number
  dismissed?: number
  answered?: number
  snoozes?: Snoozed[]
  answers?: {
    [k: string]: Written
  }
  reset?: number
  done?: {
    [k: string]: number
  }
  skipped?: {
    [k: string]: number
  }
  claim?: Claim
}

/** A pattern as `handrail.compile.patterns` compiles it. */
export interface Program {
  v: 1
  code: Instruction[]
}

/**
 * What could flip a verdict when it changes: boot again when it does.
 *
 * Attributes with their source, names of events, and keys of experiences (seen, completed, dismissed and the like).
 */
export interface Watch {
  attributes?: string[]
  events?: string[]
  experiences?: string[]
}

/** At most `count` interrupting experiences every `every` `unit`s. `shown`: instants of the latest that count. */
export interface RateLimit {
  count: number
  every: number
  unit: 'day' | 'hour' | 'minute' | 'week'
  shown?: number[]
}

/** `GET /sdk/v1/content/{version}.json`: one frozen version as the renderers draw it, its theme resolved. */
export interface Content {
  version: string
  key: string
  kind: Kind
  name: string
  defaultLocale: string
  content:
    | TourContent
    | BannerContent
    | SurveyContent
    | HintContent
    | ChecklistContent
    | ResourceCenterContent
    | PostContent
  theme: Theme
}

/** `GET /sdk/v1/revision/{environment}.json`, cacheable for seconds: what is live now, by version. */
export interface Revision {
  revision: string
  live: string[]
}
