/**
 * FQL's words. One lexer serves both modes; what is odd about it is odd in Segment's own, and cases hold it: `!=`, `<=`,
 * `>=` and a closing quote need white space, `,`, `]`, `)` or the end right behind them.
 */

export type TokenType =
  | 'ident'
  | 'dot'
  | 'operator'
  | 'conditional'
  | 'string'
  | 'number'
  | 'null'
  | '['
  | ']'
  | '('
  | ')'
  | ','
  | 'eos'

/** One word. A string keeps its quotes, an identifier has lost its backslashes. */
export interface Token {
  type: TokenType
  value: string
}

/** A trigger that cannot be read, and why. */
export class BadTrigger extends Error {}

const MOST = 5 * 1024
const WORDS: Record<string, [string, TokenType]> = {
  a: ['nd', 'conditional'],
  o: ['r', 'conditional'],
  n: ['ull', 'null'],
}
const SIGNS: Record<string, TokenType> = { '.': 'dot', '[': '[', ']': ']', ',': ',', '(': '(', ')': ')' }
const isTerminator = (character: string) => character === '' || ' \t\n,])'.includes(character)
const isAlpha = (character: string) => /^[A-Za-z]$/.test(character)
const isDigit = (character: string) => /^[0-9]$/.test(character)
const isIdent = (character: string) => /^[A-Za-z0-9_\\-]$/.test(character)

/** The words of a trigger, `eos` last. A forgiving lexer ends words where the next begins, white space or not. */
export function tokenize(text: string, forgiving = false): Token[] {
  if (new TextEncoder().encode(text).length > MOST) throw new BadTrigger(`a trigger has at most ${MOST} bytes`)
  let at = 0
  const peek = (ahead = 0) => text.charAt(at + ahead)
  const wrong = (what: string) => new BadTrigger(`character ${at}: ${what}`)

  /** Takes `rest` when a terminator follows it. Upstream loses what it read when the end comes too early. */
  function accept(rest: string): boolean {
    if (forgiving) {
      const found = text.startsWith(rest, at)
      if (found) at += rest.length
      return found
    }
    for (let ahead = 0; ahead < rest.length; ahead++) {
      if (peek(ahead) === '') {
        at += ahead
        return false
      }
      if (isTerminator(peek(ahead))) return false
    }
    if (!text.startsWith(rest, at) || !isTerminator(peek(rest.length))) return false
    at += rest.length
    return true
  }

  function escaped(): string {
    const character = peek()
    if (character === '') throw wrong('a backslash escapes a character, and there is none')
    at++
    return character
  }

  function identifier(first: string): string {
    let made = first === '\\' ? escaped() : first
    while (isIdent(peek())) {
      const character = peek()
      at++
      made += character === '\\' ? escaped() : character
    }
    if (!forgiving && !isTerminator(peek()) && !'.(=!'.includes(peek())) throw wrong(`${peek()} cannot follow a name`)
    return made
  }

  function number(first: string): string {
    const start = at
    let points = 0
    while (isDigit(peek()) || peek() === '.') {
      const isPoint = peek() === '.'
      at++
      if (isPoint && (++points > 1 || (forgiving ? !isDigit(peek()) : isTerminator(peek()))))
        throw wrong('a number has one point at most, and digits behind it')
    }
    return first + text.slice(start, at)
  }

  function string(quote: string): string {
    const end = text.indexOf(quote, at)
    if (end < 0) throw wrong('a text is not closed')
    const value = text.slice(at, end)
    at = end
    accept(quote)
    return quote + value + quote
  }

  function word(first: string): Token {
    if (first === '!' && (forgiving ? peek() !== '=' : isAlpha(peek()) || peek() === '('))
      return { type: 'operator', value: '!' }
    if (first === '=') return { type: 'operator', value: '=' }
    if ('!<>'.includes(first)) {
      if (accept('=')) return { type: 'operator', value: `${first}=` }
      if (first === '!') throw wrong("'=' and a space are expected behind '!'")
      return { type: 'operator', value: first }
    }
    const known = Object.hasOwn(WORDS, first) ? WORDS[first] : undefined
    if (known && !forgiving && accept(known[0])) return { type: known[1], value: first + known[0] }
    if (isAlpha(first) || '_\\'.includes(first)) {
      const value = identifier(first)
      return { type: forgiving && known && value === first + known[0] ? known[1] : 'ident', value }
    }
    if (isDigit(first) || '+-'.includes(first)) return { type: 'number', value: number(first) }
    if (`"'`.includes(first)) return { type: 'string', value: string(first) }
    const sign = SIGNS[first]
    if (sign) return { type: sign, value: first }
    throw wrong(`${first} is no word of FQL`)
  }

  const found: Token[] = []
  for (;;) {
    const first = peek()
    at++
    if (first === '') return [...found, { type: 'eos', value: 'eos' }]
    if (!' \t\n'.includes(first)) found.push(word(first))
  }
}
