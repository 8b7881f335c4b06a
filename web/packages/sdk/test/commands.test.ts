import { describe, expect, test } from 'vitest'
import { readCommand } from '../src/commands.ts'

const fn = () => undefined
const person = { plan: 'pro' }

describe('a pushed command', () => {
  test.each([
    [['do', 'identify', ['u1']], { verb: 'do', name: 'identify', args: ['u1'] }],
    [['do', 'identify', ['u1', fn]], { verb: 'do', name: 'identify', args: ['u1', fn] }],
    [['do', 'identify', ['u1', null, 'signed']], { verb: 'do', name: 'identify', args: ['u1', null, 'signed'] }],
    [['identify', { id: 'u1' }], { verb: 'do', name: 'identify', args: ['u1'] }],
    [['identify', 'u1'], { verb: 'do', name: 'identify', args: ['u1'] }],
    [['set', 'user:attributes', person], { verb: 'set', name: 'user:attributes', args: [person] }],
    [['set', 'user:attributes', [person]], { verb: 'set', name: 'user:attributes', args: [person] }],
    [['set', 'user:attributes', [person, true]], { verb: 'set', name: 'user:attributes', args: [person, true] }],
    [['set', 'user', { name: 'A' }], { verb: 'set', name: 'user', args: [{ name: 'A' }] }],
    [['do', 'boosted:hash-change'], { verb: 'do', name: 'boosted:hash-change', args: [] }],
    [['off', 'ready'], { verb: 'off', name: 'ready', args: [] }],
  ])('%j is read', (pushed, command) => {
    expect(readCommand(pushed)).toEqual(command)
  })

  test.each([
    [null, 'a command is a list'],
    [{}, 'a command is a list'],
    ['do', 'a command is a list'],
    [[], 'a command is a list'],
    [['what', 'user:id'], 'there is no verb what'],
    [['Do', 'identify'], 'there is no verb Do'],
    [['do'], 'names nothing'],
    [['do', ''], 'names nothing'],
    [['set', 5, ['x']], 'names nothing'],
    [[1, 2], 'there is no verb 1'],
  ])('%j is refused with a sentence', (pushed, why) => {
    expect(readCommand(pushed)).toContain(why)
  })
})
