// Runs answer.ts beside this file, which says what it reads and writes: node test/answer.mjs < questions
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const made = await build({
  entryPoints: [fileURLToPath(new URL('answer.ts', import.meta.url))],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  define: { 'import.meta.url': JSON.stringify(import.meta.url) },
})
await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString('base64')}`)
