// Makes the types of `wire` from spec/schema: `node tools/schema-types.mjs`; `--check` only says whether they are current.
// Whatever is a document of its own stands in documents.ts, what boot says and hears in boot.ts.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from 'json-schema-to-typescript'

const web = dirname(dirname(fileURLToPath(import.meta.url)))
const schema = (name) => JSON.parse(readFileSync(join(web, '..', 'spec', 'schema', `${name}.json`), 'utf8'))

const DOCUMENTS = ['experience', 'segment', 'theme']
const WIRE = ['boot_request', 'boot_reply', 'content', 'revision']
/** What the wire says of users and kinds belongs to documents too. */
const SHARED = new Set(['AttributeValue', 'Kind'])
const HEAD = '// Generated from spec/schema by tools/schema-types.mjs. Change the Python types instead.\n\n'

/** Documents leave out members that are null, so a member that may be is only optional. */
function wireForm(node, inProperties = false) {
  if (Array.isArray(node)) return node.map((each) => wireForm(each))
  if (typeof node !== 'object' || node === null) return node
  const made = {}
  for (const [key, value] of Object.entries(node)) {
    if (!inProperties && key === 'default') continue
    made[key] = wireForm(value, !inProperties && (key === 'properties' || key === '$defs'))
  }
  if (!inProperties && node.default === null && Array.isArray(made.anyOf)) {
    const options = made.anyOf.filter((each) => each.type !== 'null')
    if (options.length === 1) {
      delete made.anyOf
      Object.assign(made, options[0])
    } else made.anyOf = options
  }
  // The generator knows tuples by the word that earlier drafts had for them.
  if (!inProperties && Array.isArray(made.prefixItems)) {
    made.items = made.prefixItems
    made.maxItems = made.minItems = made.prefixItems.length
    delete made.prefixItems
  }
  // A definition is named by its key alone.
  if (!inProperties && typeof made.title === 'string') delete made.title
  return made
}

/** The definitions of some schemas; two of one name have to be one. */
function definitions(names) {
  const found = {}
  for (const name of names) {
    const { $defs } = schema(name)
    for (const [key, value] of Object.entries($defs)) {
      const known = found[key]
      if (known && JSON.stringify(known) !== JSON.stringify(value)) throw new Error(`${key} has two meanings`)
      found[key] = value
    }
  }
  return found
}

/** Top-level declarations with their comments, by name. */
function declarations(source) {
  const found = new Map()
  const starts = /^(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export (?:interface|type) (\w+)/gm
  const marks = [...source.matchAll(starts)]
  marks.forEach((mark, at) => {
    found.set(mark[1], ownWords(source.slice(mark.index, marks[at + 1]?.index ?? source.length).trim()))
  })
  return found
}

/** A declaration without what the generator adds to its comment. */
function ownWords(declaration) {
  const [comment] = /^\/\*\*[\s\S]*?\*\/\n/.exec(declaration) ?? ['']
  const lines = comment
    .split('\n')
    .slice(1, -2)
    .map((line) => line.replace(/^ \* ?/, '').trimEnd())
    .filter((line) => !/^(This interface was referenced by|via the `definition`|@(min|max)Items)/.test(line))
  const said = lines
    .join('\n')
    .trim()
    .replace(/\n{3,}/g, '\n\n')
  const short = !said.includes('\n') && said.length <= 112
  const kept = short ? `/** ${said} */\n` : `/**\n${said.replace(/^/gm, ' * ').replace(/ +$/gm, '')}\n */\n`
  return (said && kept) + declaration.slice(comment.length)
}

/** Our own formatter has the last word, so that the generated files pass the check that every file passes. */
function formatted(name, source) {
  const biome = join(web, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const run = spawnSync(process.execPath, [biome, 'format', `--stdin-file-path=${name}`], {
    cwd: web,
    input: source,
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(run.stderr)
  return run.stdout
}

async function generated() {
  const documents = definitions(DOCUMENTS)
  const all = { ...definitions(WIRE), ...documents }
  const { anyOf } = schema('experience')
  const root = { $defs: wireForm({ ...all, Experience: { anyOf } }, true), type: 'object' }
  const source = await compile(root, 'Everything', {
    additionalProperties: false,
    bannerComment: '',
    unreachableDefinitions: true,
    ignoreMinAndMaxItems: false,
    format: false,
    style: { singleQuote: true, semi: false },
  })
  const every = declarations(source)
  const isWire = (name) => name in all && !(name in documents) && !SHARED.has(name)
  const parts = (wire) => [...every].filter(([name]) => name !== 'Everything' && isWire(name) === wire)
  const text = (wire) => parts(wire).map(([, declaration]) => declaration)
  const boot = text(true).join('\n\n')
  const bare = boot.replace(/\/\*\*[\s\S]*?\*\//g, '')
  const used = parts(false).map(([name]) => name)
  const imported = used.filter((name) => new RegExp(`\\b${name}\\b`).test(bare)).sort()
  return {
    'documents.ts': `${HEAD}${text(false).join('\n\n')}\n`,
    'boot.ts': `${HEAD}import type { ${imported.join(', ')} } from './documents.ts'\n\n${boot}\n`,
  }
}

const check = process.argv.includes('--check')
let old = 0
for (const [name, source] of Object.entries(await generated())) {
  const path = join(web, 'packages', 'wire', 'src', name)
  const wanted = formatted(path, source)
  if (!check) writeFileSync(path, wanted)
  else if (readFileSync(path, 'utf8') !== wanted) {
    console.error(`${name} is old: run npm run schema-types`)
    old++
  }
}
process.exit(old ? 1 : 0)
