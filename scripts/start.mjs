/** `npm start`: on a fresh clone, install, build and run the main job. Arguments go to the command line of Tidemark. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { installOnce, root } from './install.mjs'

installOnce()
build()

/**
 * Short enough for a first look: three settings, no more trials than it takes to tell them apart, and accuracy in every
 * tenth round. Evaluating takes more than a third of a round's time, and its memory is in no round's figures.
 */
const FIRST_RUN = 'compare fedavg --arena-max unset --evaluate-every 10 --until-decided --trials 5'.split(' ')

const given = process.argv.slice(2)
const tidemark = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...(given.length > 0 ? given : FIRST_RUN)], {
  cwd: root,
  stdio: 'inherit',
})
// A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone is handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!process.stdin.isTTY || signal !== 'SIGINT') tidemark.kill(signal)
  })
}
tidemark.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
})
