import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { createHandrail } from '../src/index.ts'
import { HandrailProvider, useHandrail } from '../src/react.ts'

const client = createHandrail({ src: 'https://h.example/sdk/v1/handrail.js', project: 'p-1' })

test('without a window every call does nothing, and says so', async () => {
  expect(typeof window).toBe('undefined')
  await client.identify('u1', { plan: 'pro' })
  client.setAttributes({ plan: 'free' })
  client.on('ready', () => undefined)()
  client.reset()
  client.shutdown()
  expect(await client.start('welcome')).toEqual({ started: false, because: 'offline' })
  expect(await client.get('user:id')).toBeUndefined()
})

test('a provider renders what is in it, on a server too', () => {
  const Inside = () => createElement('p', null, useHandrail() === client ? 'given' : 'not given')
  const tree = createElement(HandrailProvider, { client, user: { id: 'u1' } }, createElement(Inside))
  expect(renderToString(tree)).toBe('<p>given</p>')
})

test('a hook outside a provider says what is missing', () => {
  const Inside = () => createElement('p', null, String(useHandrail()))
  expect(() => renderToString(createElement(Inside))).toThrow('needs a HandrailProvider above it')
})
