// Generated from spec/schema by tools/schema-types.mjs. Change the Python types instead.

export type Device = 'desktop' | 'mobile' | 'tablet'

export type Action =
  | GoToStep
  | LaunchExperience
  | Dismiss
  | Snooze
  | BookInterview
  | OpenPost
  | LaunchAgent
  | RunJs
  | NavigateTo

export type Text =
  | string
  | {
      [k: string]: string
    }

export type Condition =
  | All
  | Any
  | Not
  | AttributeCondition
  | EventCondition
  | EventTimeCondition
  | ExperienceCondition
  | SegmentCondition
  | UsersCondition
  | PageCondition
  | ElementCondition
  | DeviceCondition
  | ViewportCondition

export type AttributeValue = string | number | boolean | Scalar[] | null

export type Scalar = string | number | boolean

export type ExperienceFact = 'answered' | 'completed' | 'dismissed' | 'seen' | 'snoozed'

export type PagePart = 'hash' | 'host' | 'path' | 'query' | 'url'

export type UrlOperator = 'contains' | 'ends_with' | 'equals' | 'glob' | 'matches' | 'starts_with'

export type ElementFact = 'clicked' | 'filled' | 'hovered' | 'present' | 'visible'

export type AnswerOperator =
  | '!='
  | '<'
  | '<='
  | '='
  | '>'
  | '>='
  | 'between'
  | 'contains'
  | 'has_all'
  | 'has_any'
  | 'has_none'
  | 'is'
  | 'is_empty'
  | 'is_not'
  | 'is_set'
  | 'none_of'
  | 'not_contains'
  | 'one_of'

export type Block = Heading | Paragraph | Image | Video | Button | ListBlock | Divider | Columns

export type RichText =
  | string
  | {
      [k: string]: string
    }
  | Span[]

export type Mark = 'bold' | 'code' | 'italic' | 'underline'

export type Provider = 'calendly' | 'google_calendar' | 'zcal'

export type Kind = 'banner' | 'checklist' | 'hint' | 'post' | 'resource_center' | 'survey' | 'tour'

export type ShowOn = OnPageOpening | OnElementClick | OnPageExit | OnEvent | OnManual | OnLink | OnNothing

export type Frequency = Once | EveryTime | EveryDays

export type Placement =
  | 'auto'
  | 'bottom'
  | 'bottom_end'
  | 'bottom_start'
  | 'center'
  | 'end'
  | 'start'
  | 'top'
  | 'top_end'
  | 'top_start'

export type ProgressCondition =
  | ElementClicked
  | ElementHovered
  | ElementState
  | ScrollDepth
  | UrlMatches
  | EventTracked
  | AttributeIs
  | SurveyAnswered
  | DelayPassed

export type SurveyStep =
  | Nps
  | OpinionScale
  | Rating
  | SingleChoice
  | MultipleChoice
  | OpenText
  | Slider
  | TextBlock
  | BookInterviewStep
  | ThankYou

export type Card = ActionCard | SearchCard | FeedCard | ChecklistsCard | AgentCard | LinksCard | HeadingCard

export type Experience = Tour | Banner | Survey | Hint | Checklist | ResourceCenter | Post

/** Moves to `next`, `previous` (the last visited step, CTA only), `complete`, or the step with that key. */
export interface GoToStep {
  type: 'go_to_step'
  step?: string
}

/** Starts the live experience with this key, if it is due for the user; ends the running one (RULES 28). */
export interface LaunchExperience {
  type: 'launch_experience'
  experience: string
}

/** Closes the experience and marks it dismissed. */
export interface Dismiss {
  type: 'dismiss'
}

/** Hides the experience for `hours`, at most `up_to` times in a recurrence cycle; after that it dismisses. */
export interface Snooze {
  type: 'snooze'
  hours?: number
  up_to?: number
}

/** Opens the step's scheduling page. Fixed on the primary CTA of a book_interview survey step. */
export interface BookInterview {
  type: 'book_interview'
}

/** Opens the post with this key. */
export interface OpenPost {
  type: 'open_post'
  post: string
}

/** Opens the agent and sends `message`, a template, as the user's first turn. */
export interface LaunchAgent {
  type: 'launch_agent'
  message?: string
}

/**
 * Runs approved code on the page. Off until the project's owner signs the agreement.
 *
 * `code` is the body of a function or a module that exports `run`; a browser is told the hash that names the module.
 */
export interface RunJs {
  type: 'run_js'
  code: string
}

/** Goes to a URL template: absolute, relative or external; http, https, mailto and tel only. */
export interface NavigateTo {
  type: 'navigate_to'
  url: string
  open_in?: 'new_tab' | 'same_tab'
}

/** An action block: the whole card is clickable and fires its actions. */
export interface ActionCard {
  type: 'card'
  key: string
  title: Text
  text?: Text
  icon?: 'bell' | 'book' | 'chat' | 'link' | 'none' | 'play' | 'star'
  actions?: Action[]
}

/** Opens the agent; `message` is a template, sent at once as the user's first turn. */
export interface AgentCard {
  type: 'agent'
  title?: Text
  message?: string
}

/** True when every member is; an empty group is true. */
export interface All {
  all: Condition[]
}

/** True when one member is; an empty group is false. */
export interface Any {
  any: Condition[]
}

/** True when its member is false. */
export interface Not {
  not: Condition
}

/**
 * A comparison of one attribute, named with its source: `native.email`, `custom.plan`, `company.tier`.
 *
 * The operator and the type of `value` pick the row of the operator table: `is "pro"` is a text row, `is true` a
 * boolean one, `between [1, 5]` a number row, `between ["2026-01-01", "2026-02-01"]` a date row.
 */
export interface AttributeCondition {
  attribute: string
  operator: string
  value?: AttributeValue
}

/**
 * How often an event happened: `operator` and `value` compare the count (default: at least once).
 *
 * `within_days` counts whole days in the project's zone, today included; absent means ever. `where` filters by the
 * event's properties: a condition whose attributes are written `property.total`.
 */
export interface EventCondition {
  event: string
  operator?: '!=' | '<' | '<=' | '=' | '>' | '>='
  value?: number
  within_days?: number
  where?: Condition
}

/**
 * On which day an event happened for the first or the last time, asked as a date: whole days in the project's zone.
 *
 * The operators are the date row's, and the value is a day (`2026-11-24`) or, for the windows, a number of days. An
 * event that never happened has no such day, so every operator is false. `where` as for events.
 */
export interface EventTimeCondition {
  event_time: string
  which: 'first' | 'last'
  operator: 'after' | 'before' | 'between' | 'more_than_ago' | 'within_last'
  value: AttributeValue
  where?: Condition
}

/**
 * Whether the user has seen, completed, dismissed, snoozed or answered an experience, named by its key.
 *
 * `within_days` as for events. `question` and `value` narrow `answered` to one answer: without `operator` the answer
 * is `value`, or has one of them; with it, the answer compares as an attribute of its type does, so that
 * `between [9, 10]` asks for promoters. Whoever did not answer is never meant.
 */
export interface ExperienceCondition {
  experience: string
  fact: ExperienceFact
  within_days?: number
  question?: string
  value?: AttributeValue
  operator?: string
}

/** Whether the user is in a segment, named by its key. `member: false` asks for users outside it. */
export interface SegmentCondition {
  segment: string
  member?: boolean
}

/** Whether the user is one of these, by any user id that is theirs. Nobody is in an empty list. */
export interface UsersCondition {
  users: string[]
}

/** A rule on one part of the page's URL. Deferred on the server. `name` is the parameter when part is `query`. */
export interface PageCondition {
  page: PagePart
  operator: UrlOperator
  value: string
  name?: string
}

/** Whether an element is there, visible, or was used. Deferred on the server. */
export interface ElementCondition {
  element: string
  fact?: ElementFact
}

/** Whether the browser runs on one of these devices. Deferred on the server. */
export interface DeviceCondition {
  device: Device[]
}

/** A comparison of the viewport's width or height in CSS pixels. Deferred on the server. */
export interface ViewportCondition {
  viewport: 'height' | 'width'
  operator: '<' | '<=' | '>' | '>='
  value: number
}

/**
 * A question about an answer, by the operators of the operator table: `between [0, 6]`, `is "price"`, `is_empty`.
 *
 * `question` is the key of an earlier step; without it, the step's own. A choice answers with its option's key
 * (`other` for the user's own words), a multiple choice with a list of keys, a scale with a number, an open text with
 * text; skipped is missing.
 */
export interface AnswerTest {
  operator: AnswerOperator
  value?: AttributeValue
  question?: string
}

/** An attribute comes to compare so, by the operator table; the page may set it, or the server know it already. */
export interface AttributeIs {
  on: 'attribute'
  attribute: string
  operator: string
  value?: AttributeValue
}

/** A banner's content. `inline` pushes the page; `floating` lies over it. */
export interface BannerContent {
  blocks: Block[]
  position?: 'bottom' | 'top'
  layout?: 'floating' | 'inline'
  cross?: Cross
}

/** A title. The first heading of a step names it for screen readers. */
export interface Heading {
  type: 'heading'
  text: Text
  level?: 1 | 2 | 3
}

/** Running text. */
export interface Paragraph {
  type: 'paragraph'
  text: RichText
}

/** A stretch of text with marks and, where given, a link (http, https, mailto, tel or relative). */
export interface Span {
  text: Text
  marks?: Mark[]
  link?: string
}

/** A picture. `alt` is required; an empty one marks decoration. Sizes reserve room so that nothing shifts. */
export interface Image {
  type: 'image'
  src: string
  alt: Text
  width?: number
  height?: number
}

/** A film with the browser's own controls; never plays by itself. */
export interface Video {
  type: 'video'
  src: string
  title: Text
  poster?: string
}

/** A CTA: the button that carries actions, fired together in nominal order. `key` names it in events. */
export interface Button {
  type: 'button'
  label: Text
  actions?: Action[]
  style?: 'primary' | 'secondary'
  key?: string
}

/** A list of lines. */
export interface ListBlock {
  type: 'list'
  lines: RichText[]
  ordered?: boolean
}

/** A thin line. */
export interface Divider {
  type: 'divider'
}

/** Blocks side by side; below 320 px of room they stack. */
export interface Columns {
  type: 'columns'
  columns: (Heading | Paragraph | Image | Video | Button | ListBlock | Divider)[][]
}

/** The closing cross: one action, dismiss or, on a first step, snooze. Hidden, Esc still dismisses (RULES 37). */
export interface Cross {
  show?: boolean
  action?: Action
}

/**
 * An invitation to book a time. Its primary button holds `book_interview` first (RULES 31).
 *
 * `link` is the page of the calendar at its provider; it may hold chips, `?email={{native.email}}`.
 */
export interface BookInterviewStep {
  type: 'book_interview'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  provider: Provider
  link: string
}

/**
 * If every test in `when` holds for what was answered, `then` fires. The first condition that holds decides.
 *
 * Where `then` neither goes to a step nor ends the run, the step's `otherwise` goes on.
 */
export interface SurveyCondition {
  when: AnswerTest[]
  then: Action[]
}

/** As soon as an eligible user is on a matching page. The default. */
export interface OnPageOpening {
  on: 'page_opening'
  delay_seconds?: number
}

/** When the user clicks the element with this CSS path. */
export interface OnElementClick {
  on: 'element_click'
  css: string
}

/** When the pointer leaves towards the top of the window. */
export interface OnPageExit {
  on: 'page_exit'
}

/** When the user does something that is tracked under this name. */
export interface OnEvent {
  on: 'event'
  event: string
}

/** When the host calls `handrail.start(key)`. */
export interface OnManual {
  on: 'manual'
}

/** When the user follows a shared link. */
export interface OnLink {
  on: 'link'
}

/** No automatic trigger: only an action or the SDK launches it. */
export interface OnNothing {
  on: 'none'
}

/** Where an experience may show: any device listed, any `include` rule (none means all), no `exclude` rule. */
export interface Where {
  devices?: Device[]
  include?: UrlRule[]
  exclude?: UrlRule[]
}

/** One comparison with one part of the URL. `name` is the query parameter, for part `query` only. */
export interface UrlRule {
  part: PagePart
  operator: UrlOperator
  value: string
  name?: string
}

/**
 * One time for each user, counted from seeing the first step. The default.
 *
 * `strict`: a browser asks the server for it before it draws, so that two devices never both do.
 */
export interface Once {
  every: 'once'
  strict?: boolean
}

/** Once per page load and show-on firing, never again on a route change after it was closed in that load. */
export interface EveryTime {
  every: 'time'
}

/** Again from the n-th day after the day it was last seen, in whole days of the project's zone. */
export interface EveryDays {
  every: 'days'
  days: number
  strict?: boolean
}

/** The steps of a tour, shown from the first; reaching past the last completes it. */
export interface TourContent {
  steps: Step[]
  show_progress?: boolean
}

/**
 * One stop of a tour. `tooltip`, `badge` and `cursor` need a target; `modal` and `snippet` stand alone.
 *
 * `on_target` says what the pointer may do with the target: use it, not reach it, or use it and go to the next step.
 */
export interface Step {
  key: string
  form?: 'badge' | 'cursor' | 'modal' | 'snippet' | 'tooltip'
  name?: string
  target?: Target
  placement?: Placement
  backdrop?: boolean
  on_target?: 'advance' | 'block' | 'interact'
  missing?: Missing
  blocks?: Block[]
  triggers?: ProgressTrigger[]
  cross?: Cross
}

/**
 * Signals of one element. At least one is needed; each given one must agree, `css` narrows the search.
 *
 * `fingerprint` decides where these do not, as `strictness` asks. `test_id` is any of data-testid, data-test, data-cy,
 * data-qa, data-test-id. `name` is the accessible name and is compared per locale. `near` is the text of the nearest
 * heading. `nth` (from 0) picks among equals. `frame` and `shadow` are CSS paths into same-origin frames and open
 * shadow roots, outermost first.
 */
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
  fingerprint?: Fingerprint
  strictness?: 'loose' | 'normal' | 'strict'
}

/**
 * What an element was like when an author picked it, so that it is known again after the page has changed.
 *
 * `words` is by language of the page ("" where the page names none). `href` and `icon` have `#` for runs of digits;
 * `chain` names ancestors, innermost first, by role, id or tag. `shares` says of each signal which part of the page's
 * candidates had the same (0 to 1), and `rival` what it said for the best other one, in nats (log-likelihood).
 */
export interface Fingerprint {
  tag: string
  words?: {
    [k: string]: Wording
  }
  test_id?: string
  id?: string
  name?: string
  href?: string
  role?: string
  type?: string
  icon?: string
  landmark?: string
  classes?: string[]
  chain?: string[]
  index?: number
  shares?: {
    [k: string]: number
  }
  rival?: {
    [k: string]: number
  }
}

/**
 * What an element and its surroundings said in one language when the fingerprint was taken; "" is nothing.
 *
 * `label` is a label, alternative or title besides the element's own `text`. `heading` is the nearest one, `before`
 * and `after` the text beside it, `row` the words of the smallest box around it that says more than it does. Digits
 * are kept in `text` and `label` only; elsewhere a run of them is `#`.
 */
export interface Wording {
  text?: string
  label?: string
  heading?: string
  before?: string
  after?: string
  row?: string
}

/** What happens when the target is not there: wait `wait_seconds`, then do `then` (`step` names go_to_step's). */
export interface Missing {
  wait_seconds?: number
  then?: 'end' | 'float' | 'go_to_step' | 'skip'
  step?: string
}

/** If/then on a step: when every condition in `when` has held since the step was shown, `then` fires once. */
export interface ProgressTrigger {
  when: ProgressCondition[]
  then: Action[]
}

/** The user clicks this element. Without `target`, the step's own. */
export interface ElementClicked {
  on: 'element_clicked'
  target?: Target
}

/** The pointer comes to this element, or is on it. Without `target`, the step's own. A touch hovers nothing. */
export interface ElementHovered {
  on: 'element_hovered'
  target?: Target
}

/** An element comes to be present, absent, visible or filled. */
export interface ElementState {
  on: 'element_state'
  target: Target
  fact: 'absent' | 'filled' | 'present' | 'visible'
}

/**
 * So much of the page's height has come into view, or of a scrolling element's: the lower edge counts.
 *
 * Without `target`, the page or, where that does not scroll, the element that scrolls in the middle of the window.
 */
export interface ScrollDepth {
  on: 'scroll_depth'
  percent: number
  target?: Target
}

/** The page's address comes to match. */
export interface UrlMatches {
  on: 'url'
  rule: UrlRule
}

/** The user does something that is tracked under this name. */
export interface EventTracked {
  on: 'event'
  event: string
}

/**
 * The user has answered the survey with this key, or one of its questions, here or anywhere.
 *
 * `operator` and `value` compare that question's answer, as conditions do: `between [9, 10]` waits for a promoter.
 */
export interface SurveyAnswered {
  on: 'survey_answered'
  survey: string
  question?: string
  operator?: string
  value?: AttributeValue
}

/** The step has been shown for this long. */
export interface DelayPassed {
  on: 'delay'
  seconds: number
}

/** The steps of a survey. `snippet` is a card in a corner, `modal` stands over the page. */
export interface SurveyContent {
  steps: SurveyStep[]
  form?: 'modal' | 'snippet'
  placement?: 'bottom' | 'bottom_end' | 'bottom_start' | 'top_end' | 'top_start'
  show_progress?: boolean
}

/** How likely the user is to recommend, 0 to 10; 9 and 10 promote, 0 to 6 detract. */
export interface Nps {
  type: 'nps'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  title: Text
  text?: RichText
  required?: boolean
  submit?: Text
  low?: Text
  high?: Text
}

/** A whole number from `least` to `most`, at most eleven of them. */
export interface OpinionScale {
  type: 'opinion_scale'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  title: Text
  text?: RichText
  required?: boolean
  submit?: Text
  least?: number
  most?: number
  low?: Text
  high?: Text
}

/** One to `most` stars, hearts or faces. */
export interface Rating {
  type: 'rating'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  title: Text
  text?: RichText
  required?: boolean
  submit?: Text
  shape?: 'face' | 'heart' | 'star'
  most?: number
  low?: Text
  high?: Text
}

/** One of several options; `other` adds a line for own words. `shuffle` varies the order from run to run. */
export interface SingleChoice {
  type: 'single_choice'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  title: Text
  text?: RichText
  required?: boolean
  submit?: Text
  options: Option[]
  other?: boolean
  shuffle?: boolean
}

/** One choice. `key` stands in answers and conditions; the label may change. */
export interface Option {
  key: string
  label: Text
}

/** Some of several options, `least` to `most` of them (0: as many as there are). */
export interface MultipleChoice {
  type: 'multiple_choice'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  title: Text
  text?: RichText
  required?: boolean
  submit?: Text
  options: Option[]
  other?: boolean
  shuffle?: boolean
  least?: number
  most?: number
}

/** Words of the user's own, at most `limit` characters. */
export interface OpenText {
  type: 'open_text'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  title: Text
  text?: RichText
  required?: boolean
  submit?: Text
  placeholder?: Text
  long?: boolean
  limit?: number
}

/** A number from `least` to `most`, in steps of `step`. */
export interface Slider {
  type: 'slider'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
  title: Text
  text?: RichText
  required?: boolean
  submit?: Text
  least?: number
  most?: number
  step?: number
  low?: Text
  high?: Text
}

/** Words between questions; its buttons lead on, or one of ours where it has none. */
export interface TextBlock {
  type: 'text_block'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
}

/** The end. The survey counts as completed once this step is seen, however it is closed. */
export interface ThankYou {
  type: 'thank_you'
  key: string
  name?: string
  blocks?: Block[]
  cross?: Cross
  conditions?: SurveyCondition[]
  otherwise?: GoToStep
}

/** The marks of one hint experience. A mark whose target is not there is simply not shown. */
export interface HintContent {
  hints: HintMark[]
}

/**
 * One mark at an element. It opens a card when it has `blocks`, and fires `actions` when it has those instead.
 *
 * `mark` is what is seen: an icon, a small label, or nothing of ours (`target`: the element itself is the mark).
 * `label` is the label's text and, for the others, what a screen reader says. `side` is the target's edge or corner
 * that the mark sits on.
 */
export interface HintMark {
  key: string
  target: Target
  mark?: 'icon' | 'label' | 'target'
  icon?: 'dot' | 'info' | 'question' | 'star'
  label?: Text
  side?: 'bottom_end' | 'bottom_start' | 'center' | 'end' | 'start' | 'top_end' | 'top_start'
  pulse?: boolean
  placement?: Placement
  blocks?: Block[]
  actions?: Action[]
}

/**
 * A checklist. `in_order` opens a task when the one before is done or skipped.
 *
 * `expand`: the panel opens by itself never, the first time it is shown, or on every page load;
 * `expand_on_progress` opens it again when a task gets done. `unfold`: what opens a task beside its own button, which
 * always does. `dismissible` lets the user put the whole checklist away.
 */
export interface ChecklistContent {
  title: Text
  tasks: Task[]
  text?: Text
  order?: 'any' | 'in_order'
  expand?: 'always' | 'first_time' | 'never'
  expand_on_progress?: boolean
  unfold?: 'click' | 'hover'
  dismissible?: boolean
  launcher?: Launcher
  completion?: Completion
}

/**
 * One line of a checklist.
 *
 * `action` is what a click on the task does. It is done once `done_when` holds (any condition: attribute, event,
 * page, experience, element); without `done_when`, once its action or its primary button fired. Done stays done.
 * `text` and the buttons `primary` and `secondary` stand in the task when it is unfolded.
 */
export interface Task {
  key: string
  title: Text
  text?: Text
  action?: Action
  done_when?: Condition
  primary?: Button
  secondary?: Button
  skippable?: boolean
}

/**
 * A floating button in a corner, or an element of the page (`target`) that opens the panel when it is clicked.
 *
 * `show: false` leaves opening to actions and the SDK. The user may drag a floating one along the edge when
 * `draggable`; where they left it is kept in the browser. `badge` shows what is open or unread.
 */
export interface Launcher {
  show?: boolean
  position?: 'bottom_end' | 'bottom_start' | 'top_end' | 'top_start'
  icon?: 'check' | 'megaphone' | 'none' | 'question'
  label?: Text
  target?: Target
  draggable?: boolean
  badge?: boolean
}

/** What stands in the panel when every task is done or skipped; closing it takes the checklist away. */
export interface Completion {
  blocks: Block[]
}

/** The panel: its title, its cards from top to bottom, and what opens it. */
export interface ResourceCenterContent {
  title: Text
  cards: Card[]
  text?: Text
  launcher?: Launcher
}

/** A search field over the posts, links and cards of the panel. */
export interface SearchCard {
  type: 'search'
  placeholder?: Text
}

/** The posts that this user may read, newest first, `most` of them until more is asked for. */
export interface FeedCard {
  type: 'feed'
  most?: number
}

/** The checklists that this user has, with their progress; a click opens one. */
export interface ChecklistsCard {
  type: 'checklists'
}

/** A list of links. */
export interface LinksCard {
  type: 'links'
  links: Link[]
  title?: Text
}

/** A labelled address, a template as in navigate_to. */
export interface Link {
  label: Text
  url: string
  open_in?: 'new_tab' | 'same_tab'
}

/** A title between cards. */
export interface HeadingCard {
  type: 'heading'
  text: Text
}

/**
 * One entry. Its languages are those its title is written in; a reader of none of them is shown the default.
 *
 * `label` is a short word over the title (New, Improved). The one CTA launches an experience or navigates. `likes`
 * and `comments` say what readers may do.
 */
export interface PostContent {
  title: Text
  blocks?: (Heading | Paragraph | Image | Video | ListBlock | Divider)[]
  cover?: Image
  label?: Text
  cta?: Button
  likes?: boolean
  comments?: boolean
}

/** How experiences look. Lengths are CSS pixels. `scheme: auto` follows the reader's system. */
export interface Theme {
  key: string
  name?: string
  scheme?: 'auto' | 'dark' | 'light'
  light?: Palette
  dark?: Palette
  font?: string
  radius?: number
  width?: number
}

/** Colours of one scheme, as `#rgb` or `#rrggbb`. */
export interface Palette {
  primary?: string
  on_primary?: string
  surface?: string
  text?: string
  muted?: string
  border?: string
}

/** One step across the top or bottom of the page. */
export interface Banner {
  kind: 'banner'
  content: BannerContent
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

/** From `start` until `end`, each a local date-time such as `2026-12-01T09:00`, in `zone` or in the user's own. */
export interface When {
  start?: string
  end?: string
  zone?: string
  in_user_zone?: boolean
}

/** A to-do list for the user. */
export interface Checklist {
  kind: 'checklist'
  content: ChecklistContent
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

/** Marks on the page. */
export interface Hint {
  kind: 'hint'
  content: HintContent
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

/** One changelog entry. */
export interface Post {
  kind: 'post'
  content: PostContent
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

/** The help panel. */
export interface ResourceCenter {
  kind: 'resource_center'
  content: ResourceCenterContent
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

/** A sequence of question steps. */
export interface Survey {
  kind: 'survey'
  content: SurveyContent
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

/** An ordered walkthrough. */
export interface Tour {
  kind: 'tour'
  content: TourContent
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

/**
 * A segment as it is written: a stable key, a name, and who is in it.
 *
 * A dynamic segment has a `condition`; a manual one lists the user ids of its `users`. It is one or the other.
 */
export interface Segment {
  key: string
  condition?: Condition
  users?: string[]
  name?: string
  description?: string
}
