/** `npm test`: on a fresh clone, install what is needed and run every check; all of them run, and the first failure decides. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installOnce, root } from './install.mjs'

installOnce()

const BUILD = [process.execPath, 'scripts/build.mjs']
const npx = (...command) => ['npx', '--no-install', ...command]
/** Each is a list of commands, of which the later ones need the earlier. The longest stand first. */
const checks = [
  { name: 'package', commands: [BUILD, npx('publint', '--strict')] },
  { name: 'types', commands: [npx('tsc', '-p', '.')] },
  { name: 'architecture', commands: [npx('depcruise', '--config', 'dependency-cruiser.mjs', 'src')] },
  { name: 'dead code', commands: [npx('knip', '--no-progress')] },
  { name: 'lint and format', commands: [npx('biome', 'ci', '--error-on-warnings', '.')] },
]
const failed = []

// Two at once, whose output would run into each other: each is printed when it has ended.
const waiting = [...checks]
const work = async () => {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) await run(check, { isLive: false })
}
await Promise.all([work(), work()])
// Tests are on their own: many measure what processes do. What the check of the package has built need not be built again.
const isBuilt = !failed.includes('package')
const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-run-'))
const leftOut = join(folder, 'left-out.txt')
await run(
  { name: 'tests', commands: [npx('vitest', 'run', ...process.argv.slice(2))] },
  { isLive: true, env: { TIDEMARK_IS_BUILT: isBuilt ? '1' : '0', TIDEMARK_LEFT_OUT_FILE: leftOut } },
)
if (existsSync(leftOut)) console.log(`\n${readFileSync(leftOut, 'utf8')}`.trimEnd())
rmSync(folder, { recursive: true })

const passed = checks.length + 1 - failed.length
console.log(`\nchecks: ${passed} passed, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}`)
console.log(`${passed} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0

async function run({ name, commands }, { isLive, env = {} }) {
  const started = Date.now()
  const title = `\n== ${name}: ${commands.at(-1).slice(2).join(' ')}`
  if (isLive) console.log(title)
  let status = 0
  let text = ''
  for (const [program, ...args] of commands) {
    if (status !== 0) break
    const output = isLive ? 'inherit' : 'pipe'
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
    })
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (part) => {
        text += part
      })
    const [code, signal] = await once(child, 'close')
    status = code ?? signal
  }
  if (!isLive) process.stdout.write(`${title}\n${text}`)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`== ${name}: ${status === 0 ? 'passed' : `FAILED (exit ${status})`} in ${seconds} s`)
  if (status === 0) return
  failed.push(name)
  // Tests write theirs themselves: test/failed-tests.ts.
  const { TIDEMARK_FAILED_FILE: file } = process.env
  if (file !== undefined && !isLive)
    appendFileSync(file, `${name}: ${text.trimEnd().split('\n').slice(-20).join('\n')}\n`)
}
