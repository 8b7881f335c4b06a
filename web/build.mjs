// Builds the browser packages into src/handrail/static/sdk: a classic core, ES chunks for what is drawn, sizes checked.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { transform } from 'esbuild'
import { rolldown } from 'rolldown'
import { minifySync } from 'rolldown/utils'

const web = dirname(fileURLToPath(import.meta.url))
const out = join(web, '..', 'src', 'handrail', 'static', 'sdk')
const entries = join(web, 'packages', 'sdk', 'src', 'chunks')
const TARGET = 'es2022'
const KIND = 8_000
/** Bytes gz. `kind` holds for each chunk but the tour's, `allKinds` for the core and what draws each kind, shared chunks included. */
export const LIMITS = { snippet: 600, core: 10_000, tourPath: 20_000, kind: KIND, finder: 5_000, allKinds: 45_000 }
const KINDS = ['tour', 'survey', 'banner', 'hint', 'checklist', 'resource_center', 'post']

/**
 * First in the tour's chunk: most of it runs at once, so Chromium compiles it all beside the page, while it comes, and not
 * function by function while the page waits (https://v8.dev/blog/explicit-compile-hints). Others read a comment.
 */
const EAGER = '//# allFunctionsCalledOnLoad'

/** One bundle's bytes. esbuild minifies; a second minifier takes three in a hundred bytes more off what it leaves. */
async function minified(code, module) {
  const once = await transform(code, { minify: true, target: TARGET, legalComments: 'none', charset: 'utf8' })
  const { code: twice, errors } = minifySync('bundle.js', once.code, {
    module,
    compress: { target: TARGET },
    mangle: { toplevel: module },
  })
  if (errors.length > 0) throw new Error(`Minifying failed: ${errors[0].message}`)
  // What is left of line ends stands in style sheets, behind a rule.
  return Buffer.from(twice.replace(/(?<=[`}])\n/g, ''))
}

/** A bundle of its own, without chunks. */
async function alone(entry, format, define = {}) {
  const bundle = await rolldown({
    input: entry,
    cwd: web,
    treeshake: { moduleSideEffects: false },
    transform: { target: TARGET, define },
  })
  const { output } = await bundle.generate({ format, strict: true, codeSplitting: false })
  await bundle.close()
  return minified(output[0].code, format === 'es')
}

/** Modules that are a chunk of their own where several kinds share them, by its name; everything else goes to the tour's. */
const SHARED = {
  panel: /(sdk|renderers)\/src\/panel\/|engine\/src\/checklists|sdk\/src\/page\.ts/,
  settled: /(sdk|engine)\/src\/settled/,
  instants: /engine\/src\/instants/,
}

/**
 * The chunks, by name: one an entry, the tour's with all that more than one of them needs, and one for each import that is
 * only made when it is wanted. Their names carry a hash of what all of them hold.
 */
async function chunked(define) {
  const names = readdirSync(entries).map((name) => name.replace(/\.ts$/, ''))
  const bundle = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, join(entries, `${name}.ts`)])),
    cwd: web,
    external: Object.values(define).map((file) => JSON.parse(file)),
    makeAbsoluteExternalsRelative: false,
    treeshake: { moduleSideEffects: false },
    // The tour's chunk exports what others share beside what it is asked for.
    preserveEntrySignatures: 'allow-extension',
    transform: { target: TARGET, define },
  })
  const groups = Object.entries(SHARED).map(([name, test]) => ({ name, test, minShareCount: 2, priority: 1 }))
  // A chunk takes along what its modules import; the tour's goes first, so that what it has is not taken from it.
  const own = (id) => Object.values(SHARED).some((test) => test.test(id))
  const { output } = await bundle.generate({
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    minifyInternalExports: true,
    codeSplitting: {
      groups: [
        { name: 'tour', test: /chunks\/tour\.ts/, priority: 3 },
        { name: 'tour', test: (id) => !own(id), minShareCount: 2, priority: 2 },
        ...groups,
      ],
    },
  })
  await bundle.close()
  const codes = await Promise.all(output.map(async (each) => (await minified(each.code, true)).toString()))
  // One hash for all: chunks import each other both ways (a tour may bring what builds on it, later).
  const mark = hash(codes.join())
  const named = (file) => file.replace(/\.js$/, `-${mark}.js`)
  const made = output.map((each, at) => {
    const needed = [...each.imports, ...each.dynamicImports]
    const code = needed.reduce((text, other) => text.replaceAll(`./${other}`, `./${named(other)}`), codes[at])
    return {
      name: each.name,
      file: named(each.fileName),
      bytes: Buffer.from(each.name === 'tour' ? `${EAGER}\n${code}` : code),
    }
  })
  return { kinds: names, made, mark }
}

const files = new Map()
const chunks = {}
// A bundle of its own: what it has in common with the base would cost every tour the names it is shared under.
const finder = await alone('packages/targets/src/fingerprint/finder.ts', 'es')
chunks.finder = `assets/finder-${hash(finder)}.js`
files.set(chunks.finder, finder)
const { kinds, made, mark } = await chunked({ FINDER: JSON.stringify(chunks.finder.replace('assets', '.')) })
for (const { name, bytes, file } of made) {
  chunks[name] = `assets/${file}`
  files.set(chunks[name], bytes)
}
const core = await alone('packages/sdk/src/index.ts', 'iife', { BUILD: JSON.stringify(mark) })
const pinned = `assets/handrail-${hash(core)}.js`
files.set('handrail.js', core)
files.set(pinned, core)
const liquid = await alone('packages/segment/src/liquid.ts', 'es')
const liquidFile = `assets/liquid-${hash(liquid)}.js`
files.set(liquidFile, liquid)
files.set('segment.js', await alone('packages/segment/src/index.ts', 'iife', { LIQUID: JSON.stringify(liquidFile) }))
files.set('snippet.js', await alone('packages/sdk/src/snippet.ts', 'es'))
const { version } = JSON.parse(readFileSync(join(web, 'packages/sdk/package.json')))
files.set('manifest.json', Buffer.from(`${JSON.stringify({ version, core: pinned, chunks }, null, 1)}\n`))

rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'assets'), { recursive: true })
for (const [name, bytes] of files) {
  writeFileSync(join(out, name), bytes)
  if (!name.endsWith('.js')) continue
  writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }))
  writeFileSync(
    join(out, `${name}.br`),
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  )
}

const size = (name) => gzipSync(files.get(name), { level: 9 }).length
const sumOf = (names) => names.reduce((sum, name) => sum + size(chunks[name]), size(pinned))
const sizes = [
  ['snippet', size('snippet.js'), LIMITS.snippet],
  ['core', size(pinned), LIMITS.core],
  ['core + tour', sumOf(['tour']), LIMITS.tourPath],
  ...kinds.filter((kind) => kind !== 'tour').map((kind) => [kind, size(chunks[kind]), LIMITS.kind]),
  ['finder', size(chunks.finder), LIMITS.finder],
  ['core + all kinds', sumOf(KINDS.filter((kind) => chunks[kind])), LIMITS.allKinds],
]
let failed = false
for (const [name, bytes, limit] of sizes) {
  const over = bytes > limit
  failed ||= over
  console.log(`${name.padEnd(18)} ${String(bytes).padStart(6)} B gz of ${limit}${over ? '  TOO LARGE' : ''}`)
}
if (failed) process.exit(1)

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 12)
}
