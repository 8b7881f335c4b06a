/** A command in one form, whatever shape it was pushed in. */
export interface Command {
  verb: 'do' | 'set' | 'get' | 'on' | 'off'
  name: string
  args: unknown[]
}

/** Reads every shape of the contract, irregular ones too; a sentence says why when it cannot be one. */
export function readCommand(pushed: unknown): Command | string {
  if (!Array.isArray(pushed) || !pushed.length) return 'a command is a list'
  const [verb, name, ...rest] = pushed
  if (verb === 'identify') {
    const id = name && typeof name === 'object' ? (name as { id?: unknown }).id : name
    return { verb: 'do', name: 'identify', args: [id, ...flat(rest)] }
  }
  if (!/^(do|set|get|on|off)$/.test(String(verb))) return `there is no verb ${String(verb)}`
  if (typeof name !== 'string' || !name) return 'the command names nothing'
  return { verb: verb as Command['verb'], name, args: flat(rest) }
}

/** Arguments come as one list, or bare: `['set','user:attributes', {...}]`. */
const flat = (rest: unknown[]): unknown[] => (rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest)
