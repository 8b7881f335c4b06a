// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHandrail } from '../src/index.ts'

const OPTIONS = { src: 'https://h.example/sdk/v1/handrail.js', project: 'p-1' }
type Page = { handrail?: unknown[] & { version?: string; start?: unknown; shutdown?: unknown } }
const page = window as unknown as Page
let appended: HTMLScriptElement[] = []
const scripts = () => appended

/** What the script does when it comes: adopts the array, and answers from then on. */
function arrive(answer: (command: unknown) => unknown = () => undefined) {
  const queue = page.handrail ?? []
  const held = queue.splice(0)
  Object.assign(queue, {
    version: '0.1.0',
    push: (command: unknown) => answer(command),
    start: async (key: string) => ({ started: key === 'welcome' }),
  })
  page.handrail = queue
  for (const script of scripts()) script.dispatchEvent(new Event('load'))
  return held
}

beforeEach(() => {
  appended = []
  // Kept from the document, which would report at once that it loads nothing.
  vi.spyOn(document.head, 'append').mockImplementation((script) => void appended.push(script as HTMLScriptElement))
})

afterEach(() => {
  createHandrail(OPTIONS).shutdown()
  delete page.handrail
})

describe('the client', () => {
  test('loads the script once, as it was asked to', () => {
    const trust = vi.fn((src: string) => src)
    createHandrail({ ...OPTIONS, key: 'wk', alias: false, nonce: 'n', trust })
    createHandrail(OPTIONS)
    const [script, ...others] = scripts()
    expect(others).toEqual([])
    expect(script?.src).toBe(OPTIONS.src)
    expect(script?.async).toBe(true)
    expect({ ...script?.dataset }).toEqual({ project: 'p-1', key: 'wk', alias: 'off' })
    expect(trust).toHaveBeenCalledWith(OPTIONS.src)
  })

  test('loads nothing where the page has the script already', () => {
    page.handrail = Object.assign([], { version: '0.1.0' })
    createHandrail(OPTIONS)
    expect(scripts()).toEqual([])
  })

  test('turns each call into its command, in order, before the script is there', () => {
    const client = createHandrail(OPTIONS)
    const listener = vi.fn()
    const router = vi.fn()
    void client.identify('u1', { plan: 'pro' }, 'signed')
    client.setUser({ name: 'Ann' })
    client.setAttributes({ seats: 3 }, { removeUnspecified: true })
    client.group('g1', { tier: 'gold' })
    client.track('exported', { rows: 2 })
    const off = client.on('experience:seen', listener)
    off()
    const undo = client.useRouter(router)
    undo()
    client.hold()
    client.release()
    client.reset()
    expect(page.handrail).toEqual([
      ['do', 'identify', ['u1', expect.any(Function), 'signed']],
      ['set', 'user:attributes', [{ plan: 'pro' }, true]],
      ['set', 'user', { name: 'Ann' }],
      ['set', 'user:attributes', [{ seats: 3 }, { removeUnspecified: true }]],
      ['set', 'user:group', [{ groupId: 'g1', traits: { tier: 'gold' } }]],
      ['do', 'segmentio:track', [{ event: 'exported', properties: { rows: 2 } }]],
      ['on', 'experience:seen', [listener]],
      ['off', 'experience:seen', [listener]],
      ['set', 'core:navigate', [router]],
      ['set', 'core:navigate', [null]],
      ['do', 'hold'],
      ['do', 'release'],
      ['do', 'reset'],
    ])
  })

  test('answers once the script is there', async () => {
    const client = createHandrail(OPTIONS)
    const answers = Promise.all([client.start('welcome'), client.start('other'), client.get('user:id')])
    arrive((command) => (JSON.stringify(command) === '["get","user:id"]' ? 'u1' : undefined))
    expect(await answers).toEqual([{ started: true }, { started: false }, 'u1'])
  })

  test('settles where the script never comes', async () => {
    const client = createHandrail(OPTIONS)
    const answers = Promise.all([client.start('welcome'), client.get('user:id'), client.identify('u1')])
    scripts()[0]?.dispatchEvent(new Event('error'))
    expect(await answers).toEqual([{ started: false, because: 'offline' }, undefined, undefined])
    expect(page.handrail).toHaveLength(1)
  })

  test('waits for identify, also for an id that is refused', async () => {
    const client = createHandrail(OPTIONS)
    const done = client.identify('null')
    arrive()
    await expect(done).resolves.toBeUndefined()
  })
})
