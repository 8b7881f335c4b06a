// Type-checks each package under its own tsconfig.json, so that one without DOM types stays without them,
// and all tests together under tsconfig.test.json.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const TSC = join('node_modules', 'typescript', 'bin', 'tsc')

/** Folders below `parent` that hold a tsconfig.json and something to check. */
function projects(parent) {
  if (!existsSync(parent)) return []
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(parent, entry.name, 'tsconfig.json')))
    .map((entry) => join(parent, entry.name))
    .filter((folder) => holdsTypeScript(join(folder, 'src')))
}

function holdsTypeScript(folder) {
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => /\.tsx?$/.test(String(name)))
}

const failed = []
for (const project of [...projects('packages'), ...projects('apps'), 'tsconfig.test.json']) {
  const run = spawnSync(process.execPath, [TSC, '--noEmit', '--pretty', 'false', '-p', project], { stdio: 'inherit' })
  if (run.status !== 0) failed.push(project)
}
if (failed.length > 0) {
  console.error(`Types do not hold in: ${failed.join(', ')}`)
  process.exit(1)
}
console.log('Types hold.')
