/** Our device-mode plugin: what Segment's `Jimo (Actions)` does in a browser, for a destination that Handrail keeps. */
import { type Liquid, MappingFailed, transform } from './mapping.ts'
import { compileTrigger, type Mode } from './triggers.ts'
import type { Members } from './values.ts'

export const NAME = 'Jimo (Actions)'
const VERSION = '0.1.0'
const CALLS = ['track', 'page', 'alias', 'identify', 'group'] as const

/** What the settings document says of a destination. */
export interface Settings {
  projectId: string
  key?: string
  refetchExperiencesOnTraitsUpdate?: boolean
  manualInit?: boolean
  subscriptions?: Subscription[]
}
interface Subscription {
  partnerAction: string
  name: string
  enabled: boolean
  subscribe: string
  mode?: Mode
  mapping?: unknown
}

/** What analytics.js hands to a plugin with each call. */
export interface Context {
  event: object
  log?(level: 'warn', message: string, extras?: object): void
}
export interface Plugin {
  name: string
  type: 'destination'
  version: string
  isLoaded(): boolean
  load(): Promise<void>
  track?(context: Context): Promise<Context>
  page?(context: Context): Promise<Context>
  alias?(context: Context): Promise<Context>
  identify?(context: Context): Promise<Context>
  group?(context: Context): Promise<Context>
}

type Client = { push(command: unknown[]): unknown }
export type Page = Window &
  typeof globalThis & {
    jimo?: Client
    segmentJimo?: { initialized: boolean; client(): unknown }
    jimoInit?(): void
    JIMO_PROJECT_ID?: string
    JIMO_MANUAL_INIT?: boolean
  }

/** What the plugin needs of the page: the SDK's script put into it, and Liquid where a mapping wants it. */
export interface Ports {
  view: Page
  loadSdk(settings: Settings): Promise<void>
  loadLiquid(): Promise<Liquid>
}

type Act = (payload: Members, settings: Settings, view: Page, client: Client) => void

/** One plugin for each action that an enabled mapping calls, as analytics.js expects of a destination. */
export function plugins(settings: Settings, ports: Ports): Plugin[] {
  const { view } = ports
  const enabled = (settings.subscriptions ?? []).filter((each) => each.enabled)
  const wantsLiquid = JSON.stringify(enabled).includes('"@liquid"')
  let isLoaded = false
  let liquid: Liquid | undefined
  let loading: Promise<void> | undefined
  const load = () => {
    loading ??= (async () => {
      if (wantsLiquid) liquid = await ports.loadLiquid()
      await start(settings, ports)
      isLoaded = true
    })()
    return loading
  }
  return Object.entries(ACTIONS).flatMap(([action, act]) => {
    const mappings = enabled
      .filter((each) => each.partnerAction === action)
      .map((each) => ({ ...each, fires: compileTrigger(each.subscribe, each.mode ?? 'strict') }))
    if (!mappings.length) return []
    const handle = async (context: Context) => {
      // Dates become text here, and nothing that a mapping does can reach the library's own event.
      const event = JSON.parse(JSON.stringify(context.event)) as Members
      for (const mapping of mappings) {
        if (!mapping.fires(event)) continue
        try {
          const payload = transform(mapping.mapping ?? {}, event, liquid)
          act(payload as Members, settings, view, clientOf(view))
        } catch (problem) {
          // One mapping's trouble is its own; analytics.js shows it to whoever looks at the context's logs.
          const why = problem instanceof MappingFailed ? problem.message : String(problem)
          context.log?.('warn', `${NAME} ${action}: ${mapping.name}`, { error: why })
          view.console.warn(`[handrail] mapping ${mapping.name} (${action}): ${why}`)
        }
      }
      return context
    }
    const handlers = Object.fromEntries(CALLS.map((call) => [call, handle]))
    return [
      { name: `${NAME} ${action}`, type: 'destination', version: VERSION, isLoaded: () => isLoaded, load, ...handlers },
    ]
  })
}

/** As Segment's own destination begins; a page that has the snippet already is taken as it is. */
async function start(settings: Settings, { view, loadSdk }: Ports): Promise<void> {
  if (view.jimo) return
  const manual = !!settings.manualInit
  view.jimo = [] as unknown as Client
  view.segmentJimo = { initialized: !manual, client: () => view.jimo }
  view.JIMO_MANUAL_INIT = manual
  view.JIMO_PROJECT_ID = settings.projectId
  await loadSdk(settings)
}

function clientOf(view: Page): Client {
  const client = (view.segmentJimo?.client() ?? view.jimo) as Client | undefined
  if (!client) throw new MappingFailed('window.jimo is gone')
  return client
}

const sendUserData: Act = ({ userId, email, traits }, settings, view, client) => {
  const set = () => {
    if (email !== null && email !== undefined) client.push(['set', 'user:email', [email]])
    if (traits !== null && traits !== undefined)
      client.push(['set', 'user:attributes', [traits, settings.refetchExperiencesOnTraitsUpdate ?? false, true]])
  }
  if (userId !== null && userId !== undefined) client.push(['do', 'identify', [userId, set]])
  else set()
  if (settings.manualInit && userId && view.segmentJimo?.initialized === false && view.jimoInit) {
    view.jimoInit()
    view.segmentJimo.initialized = true
  }
}

const sendTrackEvent: Act = (payload, _settings, view, client) => {
  const { event_name: event, userId, anonymousId, messageId, timestamp, properties } = payload
  const told = { event, userId, anonymousId, messageId, timestamp, receivedAt: timestamp, properties }
  client.push(['do', 'segmentio:track', [told]])
  view.dispatchEvent(new view.CustomEvent(`jimo-segmentio-track:${event}`))
}

const sendGroupData: Act = ({ groupId, traits }, _settings, _view, client) => {
  client.push(['set', 'user:group', [{ groupId, traits: traits ?? {} }, { fromSegment: true }]])
}

const ACTIONS: Record<string, Act> = { sendUserData, sendTrackEvent, sendGroupData }
