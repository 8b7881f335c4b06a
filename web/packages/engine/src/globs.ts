import { charactersOf } from './characters.ts'

/** Whether `*` (any run) and `?` (any one character) spell the whole text. */
export function globCovers(glob: string, text: string): boolean {
  const pattern = Array.from(glob)
  const characters = charactersOf(text)
  if (!characters) return false
  let at = 0
  let place = 0
  let star = -1
  let mark = 0
  while (at < characters.length) {
    if (pattern[place] === '*') {
      star = place++
      mark = at
    } else if (pattern[place] === '?' || pattern[place] === characters[at]) {
      place++
      at++
    } else if (star >= 0) {
      place = star + 1
      at = ++mark
    } else return false
  }
  while (pattern[place] === '*') place++
  return place === pattern.length
}
