/** `npm start`: on a fresh clone, install, build and run the main job. Arguments go to the command line of Tidemark. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { installOnce, root } from './install.mjs'

installOnce()
build()

const given = process.argv.slice(2)
const tidemark = spawn(
  process.execPath,
  [join(root, 'dist/cli/main.js'), ...(given.length > 0 ? given : ['compare', 'fedavg'])],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
// A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone is handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!process.stdin.isTTY || signal !== 'SIGINT') tidemark.kill(signal)
  })
}
/** The main job ran well and one of its verdicts is open (exit code 4 of `tidemark compare`): no failure of `npm start`. */
const INCONCLUSIVE = 4
tidemark.on('exit', (code, signal) => {
  const isOpen = given.length === 0 && code === INCONCLUSIVE
  if (isOpen) console.error('The job ran to its end; some verdict above says how many more rounds or trials it takes.')
  process.exitCode = isOpen ? 0 : (code ?? (signal === 'SIGINT' ? 130 : 143))
})
