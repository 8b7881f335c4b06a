// @vitest-environment happy-dom
import { act, createElement, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Handrail, Listener } from '../src/index.ts'
import { HandrailProvider, type SignedIn, useHandrailEvent } from '../src/react.ts'

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
})

function host() {
  const listeners = new Set<Listener<'experience:seen'>>()
  const client = {
    identify: vi.fn(async () => undefined),
    reset: vi.fn(),
    on: vi.fn((_name: string, listener: Listener<'experience:seen'>) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }),
  }
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  const heard: string[] = []
  const Inside = ({ word }: { word: string }) => {
    useHandrailEvent('experience:seen', ({ experience }) => heard.push(`${word} ${experience}`))
    return createElement('p', null, word)
  }
  const show = (user: SignedIn | null | undefined, word = 'saw') =>
    act(async () => {
      const props = { client: client as unknown as Handrail, ...(user === undefined ? {} : { user }) }
      root.render(createElement(HandrailProvider, props, createElement(Inside, { word })))
    })
  return { client, listeners, heard, show, root }
}

test('follows who is signed in, and says it once', async () => {
  const { client, show } = host()
  await show(null)
  expect(client.reset).not.toHaveBeenCalled()
  await show({ id: 'ann', attributes: { plan: 'pro' } })
  await show({ id: 'ann', attributes: { plan: 'pro' } })
  await show({ id: 'ann', attributes: { plan: 'free' }, signature: 's' })
  expect(client.identify.mock.calls).toEqual([
    ['ann', { plan: 'pro' }, undefined],
    ['ann', { plan: 'free' }, 's'],
  ])
  await show(null)
  expect(client.reset).toHaveBeenCalledTimes(1)
})

test('leaves identity alone where no user is given', async () => {
  const { client, show } = host()
  await show(undefined)
  expect(client.identify).not.toHaveBeenCalled()
})

test('hears with the latest listener, and no more once it is gone', async () => {
  const { client, listeners, heard, show, root } = host()
  await show(null)
  await show(null, 'met')
  expect(client.on).toHaveBeenCalledTimes(1)
  for (const listener of listeners)
    listener({ experience: 'welcome', experience_id: 'e', version: 'v', kind: 'tour', run: 'r', entry: 'manual' })
  expect(heard).toEqual(['met welcome'])
  await act(async () => root.unmount())
  expect(listeners.size).toBe(0)
})

test('leaves no listener behind in strict mode', async () => {
  const { client, listeners, root } = host()
  const Inside = () => {
    useHandrailEvent('experience:seen', () => undefined)
    return null
  }
  const props = { client: client as unknown as Handrail }
  await act(async () =>
    root.render(createElement(StrictMode, null, createElement(HandrailProvider, props, createElement(Inside)))),
  )
  expect(listeners.size).toBe(1)
  await act(async () => root.unmount())
  expect(listeners.size).toBe(0)
})
