/**
 * Answers generated questions, one a line: JSON in the form of the case files on standard input, with `programs` for its
 * patterns; `[verdict in the browser, verdict without one]` on standard output. `tests/fuzz` compares it with Python.
 */

import { createInterface } from 'node:readline'
import type { Program } from '@handrail/wire'
import { matches, searchIn } from '../src/index.ts'
import { type Zone, zoneOf } from '../src/instants.ts'
import { browserOf, factsOf, type Question } from './cases.ts'

const zones = new Map<string, Zone>()
const zone = (name: string): Zone => {
  const found = zones.get(name) ?? zoneOf(name)
  zones.set(name, found)
  return found
}

let answers: string[] = []
const flush = () => {
  process.stdout.write(answers.join(''))
  answers = []
}
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Question & { programs: Record<string, Program> }
  const facts = factsOf(question, zone)
  const { condition, segments, programs } = question
  const known = matches(condition, facts, browserOf(question, programs), segments)
  answers.push(`${JSON.stringify([known, matches(condition, facts, null, segments, searchIn(programs))])}\n`)
  if (answers.length === 256) flush()
}
flush()
