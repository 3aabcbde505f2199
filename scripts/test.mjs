/** `npm test`: on a fresh clone, install what is needed and run every check; all of them run, and the first failure decides. */
import { spawnSync } from 'node:child_process'
import { installOnce, root } from './install.mjs'

installOnce()

const checks = [
  ['types', 'tsc', '-p', '.'],
  ['lint and format', 'biome', 'ci', '--error-on-warnings', '.'],
  ['architecture', 'depcruise', '--config', 'dependency-cruiser.mjs', 'src'],
  ['dead code', 'knip', '--no-progress'],
  ['package', 'publint', '--strict'],
  ['tests', 'vitest', 'run', ...process.argv.slice(2)],
]

const failed = []
for (const [name, ...command] of checks) {
  const started = Date.now()
  console.log(`\n== ${name}: ${command.join(' ')}`)
  if (name === 'package') spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
  const check = spawnSync('npx', ['--no-install', ...command], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`== ${name}: ${check.status === 0 ? 'passed' : `FAILED (exit ${check.status})`} in ${seconds} s`)
  if (check.status !== 0) failed.push(name)
}

console.log(
  `\nchecks: ${checks.length - failed.length} passed, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}`,
)
console.log(`${checks.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0
