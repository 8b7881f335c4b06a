/** Classes that say what state an element is in, or how it is being animated, not what it is. */
const STATES = new Set(
  'active show shown open opened close closed collapse collapsed collapsing selected focus focused hover disabled enabled current loading loaded hidden visible invisible expanded fade in out checked touched untouched dirty pristine valid invalid'.split(
    ' ',
  ),
)
/** What tools that make whole names put before them, and what other tools leave when the rest is dropped. */
const MADE = /^(css|sc|jss|emotion|svelte|tss)-/
const MAKERS = new Set('radix ember headlessui mui chakra react aria id uid el'.split(' '))

/** A name without the parts that are made anew with every build or visit; "" when nothing else is left of it. */
export function stable(name: string): string {
  if (STATES.has(name) || MADE.test(name) || /^(is|has|was|ng|v)-|[:«»]/.test(name)) return ''
  const parts = name.split(/[-_]+/).filter(Boolean)
  const kept = parts.filter((part) => !isMade(part))
  if (kept.length === parts.length) return name
  return kept.every((part) => MAKERS.has(part.toLowerCase())) ? '' : kept.join('-')
}

/** Whether a part of a name looks drawn by lot: long runs of digits, hexadecimal, letters and digits mixed, no vowels. */
function isMade(part: string): boolean {
  if (/^[a-z]*\d{3,}$/i.test(part) || /^[0-9a-f]{8,}$/i.test(part)) return true
  if (part.length < 5) return false
  const swaps = part.match(/\d[a-z]|[a-z]\d/gi)?.length ?? 0
  const turns = part.match(/[a-z][A-Z]/g)?.length ?? 0
  return swaps > 1 || (swaps > 0 && turns > 0) || !/[aeiouy]/i.test(part) || (turns > 2 && part.length < 9)
}

/** The stable ones of an element's classes. */
export const stableClasses = (element: Element, stableOf = stable): string[] =>
  [...new Set(Array.from(element.classList, stableOf))].filter(Boolean).slice(0, 12)

/** A text or an address with `#` for every run of digits, and no e-mail address. */
export const shapeOf = (text: string): string =>
  (text.includes('@') ? text.replace(/\S+@\S+/g, '@') : text).replace(/\d[\d.,:\s]*\d|\d/g, '#')
