/**
 * `npm run faults [-- PART [OPTIONS]]`: what takes too long for `npm test`. Without a part, all of them run, and the first failure decides.
 *
 *     random [JOBS [SEED [ONLY]]]   jobs whose processes are killed and stopped at drawn moments
 *     tls [ROUNDS]                  three jobs of 400 rounds under TLS
 *     soak [ROUNDS]                 3,000 rounds spooled, buffered and under TLS: no client missing, nothing gathers
 */
import { spawnSync } from 'node:child_process'
import { installOnce, root } from './install.mjs'

const PARTS = { random: ['bench/random-faults.ts'], tls: ['bench/soak.ts', 'tls'], soak: ['bench/soak.ts', 'soak'] }

const [part, ...options] = process.argv.slice(2)
if (part !== undefined && !Object.hasOwn(PARTS, part)) {
  console.error(`npm run faults has no part "${part}"; these are: ${Object.keys(PARTS).join(', ')}`)
  process.exit(2)
}
installOnce()
run(process.execPath, 'scripts/build.mjs')
for (const name of part === undefined ? Object.keys(PARTS) : [part])
  run('npx', '--no-install', 'jiti', ...PARTS[name], ...options)

function run(program, ...args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exitCode ||= status ?? 1
}
