import type { Program } from '@handrail/wire'
import { charactersOf } from './characters.ts'
import { globCovers } from './globs.ts'
import type { Search } from './pages.ts'

/** A member that the record itself has: `__proto__` and `constructor` are plain keys. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

/** Looks for patterns by their compiled programs; one without a program is found nowhere. */
export const searchIn =
  (programs: Readonly<Record<string, Program>>): Search =>
  (pattern, text, glob) => {
    if (glob) return globCovers(pattern, text)
    const program = own(programs, pattern)
    return program !== undefined && finds(program, text)
  }

/** An instruction whose operands are read before its kind is known. */
type Loose<T = number> = [kind: string, one: T, two: number]

/**
 * Whether a compiled pattern is found anywhere in a text. Threads walk the program side by side (Pike's matcher), so
 * the time is at most the text's length times the program's; authored text never becomes a RegExp.
 */
export function finds({ code }: Program, text: string): boolean {
  const characters = charactersOf(text)
  if (!characters) return false
  const isWord = (at: number) => /\w/.test(characters[at] ?? '')
  /** Adds a thread, and those it becomes without reading a character. */
  const add = (start: number, at: number, threads: Set<number>) => {
    const waiting = [start]
    for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
      if (threads.has(pc)) continue
      threads.add(pc)
      const [kind, one, two] = (code[pc] ?? []) as Loose
      if (kind === 'split') waiting.push(one, two)
      else if (kind === 'jump') waiting.push(one)
      else if (
        kind === 'start'
          ? at === 0
          : kind === 'end'
            ? at === characters.length
            : kind === 'word' && (isWord(at - 1) !== isWord(at)) === !!one
      )
        waiting.push(pc + 1)
    }
  }
  let threads = new Set<number>()
  for (let at = 0; ; at++) {
    // The search is not anchored: a thread starts at every character.
    add(0, at, threads)
    const next = new Set<number>()
    const point = characters[at]?.codePointAt(0)
    for (const pc of threads) {
      const [kind, ranges, negated] = (code[pc] ?? []) as Loose<number[]>
      if (kind === 'match') return true
      if (
        point !== undefined &&
        (kind === 'any' ? point !== 10 : kind === 'char' && within(ranges, point) !== !!negated)
      )
        add(pc + 1, at + 1, next)
    }
    if (point === undefined) return false
    threads = next
  }
}

function within(ranges: number[], point: number): boolean {
  for (let at = 0; at < ranges.length; at += 2)
    if (point >= (ranges[at] as number) && point <= (ranges[at + 1] as number)) return true
  return false
}
