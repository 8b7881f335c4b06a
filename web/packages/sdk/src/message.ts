import { renderText, spoken, type Values } from '@handrail/engine'

const VALUE = 200
const MESSAGE = 2000
/** Controls, marks of direction, and tag characters: nothing that a reader does not see may reach a model. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu

/** What is said to the agent for the user: attributes stand in it as quoted data, which nobody can close from inside. */
export function messageOf(template: string, values: Values): string {
  const quoted: Values = (name) => {
    const value = spoken(values(name))
    return value === null ? undefined : JSON.stringify([...value.replace(UNSEEN, ' ')].slice(0, VALUE).join(''))
  }
  const said = renderText(template, quoted).replace(UNSEEN, ' ').trim()
  return [...said].slice(0, MESSAGE).join('')
}
