/** Longest text that a pattern is tried on, in characters (code points). */
export const MAX_INPUT = 2048

/** A text's characters, null when it is longer than what a pattern or glob is tried on. */
export function charactersOf(text: string): string[] | null {
  // A character is at most two units long: what is longer in any case is not even taken apart.
  const characters = text.length > 2 * MAX_INPUT ? null : Array.from(text)
  return characters && characters.length > MAX_INPUT ? null : characters
}
