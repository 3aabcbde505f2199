/** Ctrl-C of `check` and `tune`, as a terminal sends it to the whole group: a word, the documented code, and no process left. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { readComparison } from '../../src/comparison/run/comparison-folder.js'
import { pollUntil } from '../../src/launch/poll.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark, startTidemark } from '../tidemark.js'

const SUITE = {
  name: 'job',
  workload: { kind: 'command', command: 'sh job.sh {how}' },
  settings: { how: ['plain'] },
  trials: 4,
}
const STOP_ON_SIGNAL = pathToFileURL(join(PROGRAM, '../stop-on-signal.js')).href
const NOT_IN_ACTIONS = { GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' }
const TUNE = ['tune', 'fedavg', '--clients', '1', '--trainer', 'echo', '--model-size', '400kB', '--allocator', 'glibc']
const ONE_SETTING = ['--server-memory-gc-rounds', '0', '--arena-max', 'unset', '--out', 'it']

test('Ctrl-C during a trial of check judges nothing, says what is kept, and ends with 130', async () => {
  const cwd = jobFolder('sleep 60')
  const { finished, interrupt } = start(['check', 'job.memory.json', '--update-baseline', '--out', 'it'], cwd)
  await expectSoon(() => existsSync(join(cwd, 'begun')))
  interrupt()
  const { code, stdout, stderr } = await finished
  expect([code, stdout], stderr).toEqual([130, ''])
  expect(stderr).toContain('stopping: ending what runs; once more ends it at once')
  expect(stderr).toContain('stopped after 0 of 4 trials: nothing was judged')
  expect(existsSync(join(cwd, 'tidemark-baseline.json'))).toBe(false)
  expect(readComparison(join(cwd, 'it')).state).toBe('stopped')
  expect(livingIn(cwd)).toEqual([])
})

test('Ctrl-C after the last trial of check is answered, and the verdict is printed all the same', async () => {
  const cwd = jobFolder('sleep 0.3')
  const first = await runTidemark(['check', 'job.memory.json', '--update-baseline'], { cwd, env: NOT_IN_ACTIONS })
  expect(first.code, first.stderr).toBe(0)
  const { finished, interrupt } = start(['check', 'job.memory.json', '--out', 'it'], cwd)
  await expectSoon(() => comparisonOf(cwd)?.state === 'completed')
  interrupt()
  const { code, signal, stdout, stderr } = await finished
  expect(signal).toBeNull()
  expect(stdout).toContain('Against  tidemark-baseline.json')
  // On a fast machine it may come when everything is written.
  const isHeard = /all trials had ended: finishing the report|stopping: ending what runs/.test(stderr)
  expect(code, stderr).toBe(isHeard ? 130 : 0)
  expect(livingIn(cwd)).toEqual([])
})

test('Ctrl-C during a trial of tune keeps what was measured, and ends with 130', async () => {
  const cwd = temporaryFolder()
  const { finished, interrupt } = start([...TUNE, '--rounds', '1000000', '--limit', '2GiB', ...ONE_SETTING], cwd)
  await expectSoon(() => livingIn(cwd).some((command) => command.includes('\0client\0')))
  interrupt()
  const { code, stdout, stderr } = await finished
  expect(code, stderr).toBe(130)
  expect(stderr).toContain('stopping: ending what runs; once more ends it at once')
  expect(stdout).toMatch(/Stopped; what was measured is kept\.[\s\S]*\n {2}Data: it\n/)
  expect(livingIn(cwd)).toEqual([])
})

test('Ctrl-C after the last trial of tune is answered, and what was found is printed', async () => {
  const cwd = temporaryFolder()
  const { finished, interrupt } = start([...TUNE, '--rounds', '3', '--limit', '20MiB', ...ONE_SETTING], cwd)
  await expectSoon(() => comparisonOf(cwd)?.trials.length === 1)
  interrupt()
  const { code, signal, stdout, stderr } = await finished
  expect(signal).toBeNull()
  expect(stdout).toContain('No setting stays under 20.0 MiB.')
  expect(code, stderr).toBe(stderr.includes('stopping: ending what runs') ? 130 : 1)
  expect(livingIn(cwd)).toEqual([])
})

test.each([
  ['between two parts of the work stops the next', 'work(); await raise(); work()', ['worked', 'stopped by SIGINT'], 0],
  ['after all work changes nothing', 'work(); await raise()', ['worked'], 0],
  ['that comes again ends a program that stays', 'work(); await raise(); await raise(); work()', ['worked'], 130],
])('a signal %s', (_, script, lines, code) => {
  const program = [
    "import { once } from 'node:events'",
    `import { stopOnSignal } from ${JSON.stringify(STOP_ON_SIGNAL)}`,
    'function work() {',
    '  const stop = stopOnSignal(() => {})',
    "  console.log(stop.signal.aborted ? stop.signal.reason.message : 'worked')",
    '  stop[Symbol.dispose]()',
    '}',
    'async function raise() {',
    '  const alive = setInterval(() => {}, 1000)',
    "  const came = once(process, 'SIGINT')",
    "  process.kill(process.pid, 'SIGINT')",
    '  await came',
    '  clearInterval(alive)',
    '}',
    script,
  ]
  const options = ['--input-type=module', '--eval', program.join('\n')]
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' })
  expect([status, signal, stderr]).toEqual([code, null, ''])
  expect(stdout.trim().split('\n')).toEqual(lines)
})

/** A folder with a suite whose program says that it runs, and then does this. */
function jobFolder(rest: string): string {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'job.memory.json'), JSON.stringify(SUITE))
  writeFileSync(join(cwd, 'job.sh'), `touch begun\n${rest}\n`)
  return cwd
}

function start(args: string[], cwd: string) {
  const { child, finished } = startTidemark(args, { cwd, env: NOT_IN_ACTIONS })
  return { finished, interrupt: () => child.exitCode === null && process.kill(-child.pid!, 'SIGINT') }
}

async function expectSoon(holds: () => boolean): Promise<void> {
  expect(await pollUntil(holds, 30_000)).toBe(true)
}

/** Undefined until it is there. */
function comparisonOf(cwd: string) {
  return existsSync(join(cwd, 'it', 'comparison.json')) ? readComparison(join(cwd, 'it')) : undefined
}

/** Command lines of processes that work in this folder. */
function livingIn(cwd: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const isIn = /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(cwd)
      return isIn ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : []
    } catch {
      return [] // it has ended
    }
  })
}
