/** A value of an attribute. At most 700 characters, a list counted as its JSON; null unsets it. */
export type AttributeValue =
  | string
  | number
  | boolean
  | Date
  | readonly string[]
  | readonly number[]
  | readonly boolean[]
  | null

export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

/** What goes with attributes: decide anew once they are stored; drop the attributes that are not named. */
export interface SetOptions {
  refetchBoosted?: boolean
  refreshBoosted?: boolean
  refreshChangelog?: boolean
  removeUnspecified?: boolean
}

/** Why an experience did not start. */
export type Because =
  | 'not_found'
  | 'not_started'
  | 'ended'
  | 'where'
  | 'residual'
  | 'snoozed'
  | 'frequency_once'
  | 'frequency_days'
  | 'frequency_load'
  | 'rate_limit'
  | 'slot_taken'
  | 'outranked'
  | 'self_launch'
  | 'chain_limit'
  | 'offline'
  | 'held'
  | 'delayed'
  | 'failed'

export type Started = { started: true } | { started: false; because: Because }

/** How an experience ended. */
export type EndReason = 'completed' | 'dismissed' | 'snoozed' | 'target_missing' | 'paused' | 'replaced' | 'failed'

/** What is said of the experience that an event is about. */
export interface About {
  experience: string
  experience_id: string
  version: string
  kind: string
  run: string
}

/** Events by their names, and what their listeners are given. */
export interface Events extends Record<`experience:${EndReason}`, { experience: string; reason: EndReason }> {
  ready: { candidates: string[] }
  decision: { at: number; key: string; entry: string; shown: boolean; because?: Because }
  'experience:seen': About & { entry: string }
  'experience:ended': { experience: string; reason: EndReason }
  'step:seen': About & { step: string; step_index: number }
  'action:fired': About & { step: string; action: string; by: string; button?: string }
  'question:answered': About & { step: string; answer: unknown; words?: string }
  'target:missing': About & { step: string; reason?: string }
  'navigation:cancelled': About & { reason: string }
  'attribute:refused': { attribute: string; reason: string }
  'command:refused': { reason: string }
  'events:dropped': { count: number }
}

export type EventName = keyof Events
export type Listener<Name extends EventName> = (detail: Events[Name]) => void

/** What may be asked, and what comes back. */
export interface Getters {
  'user:id': string | undefined
  'user:language': string
  'user:attributes': Record<string, AttributeValue>
  'user:segments': string[]
  'widget:unreadCount': number
  'widget:lastOpenDate': Date | null
}

/** An event of your own, as Segment's libraries describe one. */
export interface TrackedEvent {
  event: string
  messageId?: string
  timestamp?: string | Date
  properties?: object
}

/** Every command in its regular shape. */
export type Command =
  | ['do', 'identify', [id: string | number, callback?: (() => void) | null, signature?: string]]
  | ['do', 'segmentio:track', [TrackedEvent]]
  | ['do', 'boosted:trigger', [{ evolutionId: string }]]
  | ['do', 'reset' | 'storage:reset' | 'hold' | 'release' | 'boosted:refresh' | 'boosted:hash-change']
  | ['do', 'resource-center:open' | 'resource-center:close']
  | ['do', 'widget:open', [key?: string]?]
  | ['do', 'widget:close' | 'widget:resetLastOpenDate' | 'widget:showTrigger' | 'widget:hideTrigger' | 'badge:find']
  | ['set', 'user:name' | 'user:email' | 'core:language', [string | null, (boolean | SetOptions)?]]
  | ['set', 'user', { name?: string | null; email?: string | null; language?: string | null }]
  | ['set', 'user:attributes', [Attributes, (boolean | SetOptions)?]]
  | ['set', 'user:group', [{ groupId: string | number; traits?: object }]]
  | ['set', 'core:navigate', [((url: string) => unknown) | null]]
  | ['set', 'core:allowJs', [boolean]]
  | ['get', keyof Getters]
  | { [Name in EventName]: ['on', Name, [Listener<Name>]] | ['off', Name, [Listener<Name>]?] }[EventName]
