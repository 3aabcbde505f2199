/** `npm run experiments`: on a fresh clone, install, build and run the acceptance experiments. Arguments are theirs. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { installOnce, root } from './install.mjs'

installOnce()
build()
const jiti = join(root, 'node_modules/jiti/lib/jiti-cli.mjs')
const program = spawnSync(process.execPath, [jiti, 'experiments/main.ts', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = program.status ?? 1
