import type { Program } from '@handrail/wire'

/** Longest text that a pattern is tried on. */
export const MAX_INPUT = 2048

/**
 * Whether a compiled pattern is found anywhere in a text. Threads walk the program side by side (Pike's matcher), so
 * the time is at most the text's length times the program's; authored text never becomes a RegExp.
 */
export function finds(program: Program, text: string): boolean {
  if (text.length > MAX_INPUT) return false
  const { code } = program
  const points = Array.from(text, (character) => character.codePointAt(0) as number)
  const isWord = (at: number) => {
    const point = points[at]
    return (
      point !== undefined &&
      ((point > 47 && point < 58) || (point > 64 && point < 91) || point === 95 || (point > 96 && point < 123))
    )
  }
  let threads = new Set<number>()
  const add = (start: number, at: number, into: Set<number>) => {
    const waiting = [start]
    for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
      if (into.has(pc)) continue
      into.add(pc)
      const step = code[pc]
      if (!step) continue
      if (step[0] === 'split') waiting.push(step[1], step[2])
      else if (step[0] === 'jump') waiting.push(step[1])
      else if (
        (step[0] === 'start' && at === 0) ||
        (step[0] === 'end' && at === points.length) ||
        (step[0] === 'word' && (isWord(at - 1) !== isWord(at)) === !!step[1])
      )
        waiting.push(pc + 1)
    }
  }
  for (let at = 0; ; at++) {
    add(0, at, threads)
    for (const pc of threads) if (code[pc]?.[0] === 'match') return true
    const point = points[at]
    if (point === undefined) return false
    const next = new Set<number>()
    for (const pc of threads) {
      const step = code[pc]
      if (!step) continue
      if (step[0] === 'any' ? point !== 10 : step[0] === 'char' && within(step[1], point) !== !!step[2])
        add(pc + 1, at + 1, next)
    }
    threads = next
  }
}

function within(ranges: number[], point: number): boolean {
  for (let at = 0; at < ranges.length; at += 2)
    if (point >= (ranges[at] as number) && point <= (ranges[at + 1] as number)) return true
  return false
}
