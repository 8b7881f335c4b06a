/** Documents as the browser meets them; twins of the structs in `handrail.core`. */

export type Text = string | Record<string, string>
export type Mark = 'bold' | 'italic' | 'underline' | 'code'
export interface Span {
  text: Text
  marks?: Mark[]
  link?: string
}
export type RichText = Text | Span[]

export type Action =
  | { type: 'go_to_step'; step?: string }
  | { type: 'launch_experience'; experience: string }
  | { type: 'dismiss' }
  | { type: 'snooze'; hours?: number; up_to?: number }
  | { type: 'book_interview' }
  | { type: 'open_post'; post: string }
  | { type: 'launch_agent'; message?: string }
  | { type: 'run_js'; code: string }
  | { type: 'navigate_to'; url: string; open_in?: 'same_tab' | 'new_tab' }

export interface Heading {
  type: 'heading'
  text: Text
  level?: 1 | 2 | 3
}
export interface Paragraph {
  type: 'paragraph'
  text: RichText
}
export interface Image {
  type: 'image'
  src: string
  alt: Text
  width?: number
  height?: number
}
export interface Video {
  type: 'video'
  src: string
  title: Text
  poster?: string
}
export interface Button {
  type: 'button'
  label: Text
  actions?: Action[]
  style?: 'primary' | 'secondary'
  key?: string
}
export interface ListBlock {
  type: 'list'
  lines: RichText[]
  ordered?: boolean
}
export interface Divider {
  type: 'divider'
}
export interface Columns {
  type: 'columns'
  columns: Block[][]
}
export type Block = Heading | Paragraph | Image | Video | Button | ListBlock | Divider | Columns

export interface Target {
  css?: string
  test_id?: string
  id?: string
  role?: string
  name?: Text
  text?: Text
  near?: Text
  nth?: number
  frame?: string[]
  shadow?: string[]
}
export interface Missing {
  wait_seconds?: number
  then?: 'float' | 'skip' | 'go_to_step' | 'end'
  step?: string
}

export type PagePart = 'url' | 'host' | 'path' | 'query' | 'hash'
export type UrlOperator = 'equals' | 'contains' | 'starts_with' | 'ends_with' | 'glob' | 'matches'
export interface UrlRule {
  part: PagePart
  operator: UrlOperator
  value: string
  name?: string
}
export type Device = 'desktop' | 'tablet' | 'mobile'
export interface Where {
  devices?: Device[]
  include?: UrlRule[]
  exclude?: UrlRule[]
}

export interface Cross {
  show?: boolean
  action?: Action
}
export type ProgressCondition =
  | { on: 'element_clicked'; target?: Target }
  | { on: 'url'; rule: UrlRule }
  | { on: 'event'; event: string }
  | { on: 'delay'; seconds: number }
  | { on: 'element_state'; target: Target; fact: 'present' | 'absent' | 'visible' | 'filled' }
export interface ProgressTrigger {
  when: ProgressCondition[]
  then: Action[]
}

export type Placement =
  | 'auto'
  | 'top'
  | 'bottom'
  | 'start'
  | 'end'
  | 'center'
  | 'top_start'
  | 'top_end'
  | 'bottom_start'
  | 'bottom_end'
export interface Step {
  key: string
  form?: 'tooltip' | 'modal' | 'snippet' | 'badge' | 'cursor'
  name?: string
  target?: Target
  placement?: Placement
  backdrop?: boolean
  on_target?: 'interact' | 'block' | 'advance'
  missing?: Missing
  blocks?: Block[]
  triggers?: ProgressTrigger[]
  cross?: Cross
}
export interface TourContent {
  steps: Step[]
  show_progress?: boolean
}
export interface BannerContent {
  blocks: Block[]
  position?: 'top' | 'bottom'
  layout?: 'inline' | 'floating'
  cross?: Cross
}

export interface Palette {
  primary?: string
  on_primary?: string
  surface?: string
  text?: string
  muted?: string
  border?: string
}
export interface Theme {
  key: string
  name?: string
  scheme?: 'light' | 'dark' | 'auto'
  light?: Palette
  dark?: Palette
  font?: string
  radius?: number
  width?: number
}

export type ShowOn =
  | { on: 'page_opening'; delay_seconds?: number }
  | { on: 'element_click'; css: string }
  | { on: 'page_exit' }
  | { on: 'event'; event: string }
  | { on: 'manual' }
  | { on: 'link' }
  | { on: 'none' }
export type Frequency = { every: 'once' } | { every: 'time' } | { every: 'days'; days: number }
export type Kind = 'tour' | 'survey' | 'banner' | 'hint' | 'checklist' | 'resource_center' | 'post'

export type AttributeValue = string | number | boolean | string[] | number[] | boolean[] | null
export type ExperienceFact = 'seen' | 'completed' | 'dismissed' | 'snoozed' | 'answered'
export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { attribute: string; operator: string; value?: unknown }
  | { event: string; operator?: string; value?: number; within_days?: number; where?: Condition }
  | { experience: string; fact: ExperienceFact; within_days?: number; question?: string; value?: unknown }
  | { segment: string; member?: boolean }
  | { page: PagePart; operator: UrlOperator; value: string; name?: string }
  | { element: string; fact?: 'present' | 'visible' | 'clicked' | 'hovered' | 'filled' }
  | { device: Device[] }
  | { viewport: 'width' | 'height'; operator: '<' | '<=' | '>' | '>='; value: number }

/** From `start` until `end`, each a local date-time, in `zone` or in the user's own. */
export interface When {
  start?: string
  end?: string
  zone?: string
  in_user_zone?: boolean
}
/** What every kind carries. */
export interface Envelope {
  key: string
  name: string
  tags?: string[]
  audience?: Condition
  where?: Where
  show_on?: ShowOn
  when?: When
  frequency?: Frequency
  priority?: 1 | 2 | 3 | 4 | 5
  respects_rate_limit?: boolean
  goal?: string
  theme?: string
  default_locale?: string
}
export interface Tour extends Envelope {
  kind: 'tour'
  content: TourContent
}
export interface Banner extends Envelope {
  kind: 'banner'
  content: BannerContent
}
/** A kind whose content this release keeps and cannot run. */
export interface Later extends Envelope {
  kind: Exclude<Kind, 'tour' | 'banner'>
  content?: Record<string, unknown>
}
export type Experience = Tour | Banner | Later
