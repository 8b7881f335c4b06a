import { describe, expect, test, vi } from 'vitest'
import { type Page, type Plugin, plugins, type Settings } from '../src/plugin.ts'

const PRESETS = [
  {
    partnerAction: 'sendUserData',
    name: 'Send User Data',
    enabled: true,
    subscribe: 'type = "identify"',
    mapping: { userId: { '@path': '$.userId' }, email: { '@path': '$.traits.email' }, traits: { '@path': '$.traits' } },
  },
  {
    partnerAction: 'sendTrackEvent',
    name: 'Send Track Event',
    enabled: true,
    subscribe: 'type = "track"',
    mapping: Object.fromEntries(
      [
        ['messageId', 'messageId'],
        ['timestamp', 'timestamp'],
        ['event_name', 'event'],
        ['userId', 'userId'],
        ['anonymousId', 'anonymousId'],
        ['properties', 'properties'],
      ].map(([field, path]) => [field, { '@path': `$.${path}` }]),
    ),
  },
  {
    partnerAction: 'sendGroupData',
    name: 'Send Group Data',
    enabled: true,
    subscribe: 'type = "group"',
    mapping: { groupId: { '@path': '$.groupId' }, traits: { '@path': '$.traits' } },
  },
]

/** A page whose queue writes down what is pushed, callbacks run as the SDK does. */
async function host(more: Partial<Settings> = {}, page: Partial<Page> = {}) {
  const pushed: unknown[] = []
  const events: string[] = []
  const view = {
    CustomEvent: class {
      type: string
      constructor(type: string) {
        this.type = type
      }
    },
    dispatchEvent: (event: Event) => events.push(event.type),
    console: { warn: vi.fn() },
    ...page,
  } as unknown as Page
  const take = {
    push: (command: unknown[]) => {
      const [, name, args] = command as [string, string, unknown[]]
      pushed.push(name === 'identify' ? ['do', 'identify', [args[0], typeof args[1]]] : command)
      if (name === 'identify') (args[1] as () => void)()
    },
  }
  const loadSdk = vi.fn(async () => {
    view.jimo = take
  })
  const loadLiquid = vi.fn(async () => (template: string) => `liquid:${template}`)
  const made = plugins({ projectId: 'p', subscriptions: PRESETS, ...more }, { view, loadSdk, loadLiquid })
  await Promise.all(made.map((each) => each.load()))
  const send = async (type: keyof Plugin & ('track' | 'identify' | 'group' | 'page'), event: object) => {
    for (const plugin of made) await plugin[type]?.({ event: { type, ...event } })
  }
  return { view, pushed, events, made, loadSdk, loadLiquid, send }
}

describe('the plugin', () => {
  test('is one for each action that is called, under the names that analytics.js switches by', async () => {
    const { made, loadSdk, view } = await host({ key: 'wk' })
    expect(made.map((each) => each.name)).toEqual([
      'Jimo (Actions) sendUserData',
      'Jimo (Actions) sendTrackEvent',
      'Jimo (Actions) sendGroupData',
    ])
    expect(made.every((each) => each.isLoaded())).toBe(true)
    expect(loadSdk).toHaveBeenCalledTimes(1)
    expect([view.JIMO_PROJECT_ID, view.JIMO_MANUAL_INIT]).toEqual(['p', false])
    const none = await host({ subscriptions: PRESETS.map((each) => ({ ...each, enabled: false })) })
    expect(none.made).toEqual([])
  })

  test('identifies, then sets email and attributes in the callback', async () => {
    const { pushed, send } = await host({ refetchExperiencesOnTraitsUpdate: true })
    await send('identify', { userId: 'ann', traits: { email: 'a@x.test', plan: 'pro' } })
    expect(pushed).toEqual([
      ['do', 'identify', ['ann', 'function']],
      ['set', 'user:email', ['a@x.test']],
      ['set', 'user:attributes', [{ email: 'a@x.test', plan: 'pro' }, true, true]],
    ])
  })

  test('without a user id sets directly; null is nothing', async () => {
    const { pushed, send } = await host()
    await send('identify', { userId: null, traits: { plan: 'pro' } })
    await send('identify', { userId: null, traits: null })
    expect(pushed).toEqual([['set', 'user:attributes', [{ plan: 'pro' }, false, true]]])
  })

  test('tracks one object with its message id and tells the window', async () => {
    const { pushed, events, send } = await host()
    await send('track', {
      event: 'Order',
      messageId: 'm',
      timestamp: new Date('2026-11-24T12:00:00Z'),
      userId: 'ann',
      properties: { total: 5 },
    })
    const timestamp = '2026-11-24T12:00:00.000Z'
    expect(pushed).toEqual([
      [
        'do',
        'segmentio:track',
        [
          {
            event: 'Order',
            userId: 'ann',
            anonymousId: undefined,
            messageId: 'm',
            timestamp,
            receivedAt: timestamp,
            properties: { total: 5 },
          },
        ],
      ],
    ])
    expect(events).toEqual(['jimo-segmentio-track:Order'])
  })

  test('groups, with traits or an empty object', async () => {
    const { pushed, send } = await host()
    await send('group', { groupId: 'acme', traits: { tier: 'gold' } })
    await send('group', { groupId: 'acme' })
    expect(pushed).toEqual([
      ['set', 'user:group', [{ groupId: 'acme', traits: { tier: 'gold' } }, { fromSegment: true }]],
      ['set', 'user:group', [{ groupId: 'acme', traits: {} }, { fromSegment: true }]],
    ])
  })

  test('begins for identified users only when told to, after identify was pushed', async () => {
    const order: string[] = []
    const begun = vi.fn(() => order.push('init'))
    const { pushed, send, view } = await host({ manualInit: true }, { jimoInit: begun })
    await send('identify', { traits: { plan: 'pro' } })
    await send('identify', { userId: '', traits: {} })
    expect(begun).not.toHaveBeenCalled()
    await send('identify', { userId: 'ann' })
    await send('identify', { userId: 'ann' })
    expect(begun).toHaveBeenCalledTimes(1)
    expect(view.segmentJimo?.initialized).toBe(true)
    expect(pushed).toContainEqual(['do', 'identify', ['ann', 'function']])
  })

  test('takes a page with the snippet as it is', async () => {
    const queue: unknown[] = []
    const { send, loadSdk, view } = await host({}, { jimo: queue as never })
    await send('group', { groupId: 'acme' })
    expect(loadSdk).not.toHaveBeenCalled()
    expect(view.segmentJimo).toBeUndefined()
    expect(queue).toHaveLength(1)
  })

  test('one mapping that fails costs only itself', async () => {
    const bad = { ...PRESETS[1], name: 'Bad', mapping: { event_name: { '@nope': 1 } } } as (typeof PRESETS)[0]
    const { pushed, made } = await host({ subscriptions: [bad, ...PRESETS] })
    const log = vi.fn()
    await made[1]?.track?.({ event: { type: 'track', event: 'E', messageId: 'm' }, log })
    expect(pushed).toHaveLength(1)
    expect(log).toHaveBeenCalledWith('warn', expect.stringContaining('Bad'), {
      error: '/event_name has an invalid directive: @nope.',
    })
  })

  test('fetches Liquid only for mappings that want it', async () => {
    expect((await host()).loadLiquid).not.toHaveBeenCalled()
    const mapping = { ...PRESETS[2]?.mapping, groupId: { '@liquid': '{{x}}' } }
    const { loadLiquid, pushed, send } = await host({ subscriptions: [{ ...PRESETS[2], mapping } as never] })
    await send('group', {})
    expect(loadLiquid).toHaveBeenCalledTimes(1)
    expect(pushed).toEqual([['set', 'user:group', [{ groupId: 'liquid:{{x}}', traits: {} }, { fromSegment: true }]]])
  })
})
