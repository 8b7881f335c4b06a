// Builds the browser packages into src/handrail/static/sdk: a classic core, ES chunks for the renderers, sizes checked.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { minifySync } from 'rolldown/utils'

const web = dirname(fileURLToPath(import.meta.url))
const out = join(web, '..', 'src', 'handrail', 'static', 'sdk')
export const LIMITS = { snippet: 600, core: 10_000, tourPath: 20_000, banner: 8_500 }

const common = {
  bundle: true,
  minify: true,
  write: false,
  target: 'es2022',
  legalComments: 'none',
  absWorkingDir: web,
  charset: 'utf8',
}
/** One bundle's bytes. esbuild bundles; a second minifier takes three in a hundred bytes more off what it leaves. */
async function made(options) {
  const bundled = (await build({ ...common, ...options })).outputFiles[0]
  const module = options.format === 'esm'
  const { code, errors } = minifySync('bundle.js', bundled.text, {
    module,
    compress: { target: common.target },
    mangle: { toplevel: true },
  })
  if (errors.length > 0) throw new Error(`Minifying ${options.entryPoints[0]} failed: ${errors[0].message}`)
  return Buffer.from(code)
}
const chunks = {}
const files = new Map()

const tracker = await made({ entryPoints: ['packages/renderers/src/track.ts'], format: 'esm' })
const track = `assets/track-${hash(tracker)}.js`
files.set(track, tracker)
for (const kind of ['tour', 'banner']) {
  const bytes = await made({
    entryPoints: [`packages/sdk/src/chunks/${kind}.ts`],
    format: 'esm',
    define: { TRACKER: JSON.stringify(`./${track.slice(7)}`) },
  })
  chunks[kind] = `assets/${kind}-${hash(bytes)}.js`
  files.set(chunks[kind], bytes)
}
const core = await made({
  entryPoints: ['packages/sdk/src/index.ts'],
  format: 'iife',
  define: { CHUNKS: JSON.stringify(chunks) },
})
const pinned = `assets/handrail-${hash(core)}.js`
files.set('handrail.js', core)
files.set(pinned, core)
files.set('snippet.js', await made({ entryPoints: ['packages/sdk/src/snippet.ts'], format: 'esm' }))
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
const sizes = {
  snippet: size('snippet.js'),
  core: size(pinned),
  tourPath: size(pinned) + size(chunks.tour),
  banner: size(chunks.banner),
}
let failed = false
for (const [name, bytes] of Object.entries(sizes)) {
  const over = bytes > LIMITS[name]
  failed ||= over
  console.log(`${name.padEnd(9)} ${String(bytes).padStart(6)} B gz of ${LIMITS[name]}${over ? '  TOO LARGE' : ''}`)
}
if (failed) process.exit(1)

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 12)
}
