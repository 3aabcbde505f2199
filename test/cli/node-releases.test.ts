/**
 * What a release of Node is most likely to break, in a minute: `npm run test:node -- 22,24,26 --short` runs it under each.
 * Programs are started as their users start them, and no release may have anything to warn of.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import type { Comparison } from '../../src/results/comparison.js'
import type { Mark } from '../../src/shared/marks.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

/** The `node` of the program's first line is the one that runs this test. */
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`

/** Runs the program by its own first line, and expects this exit code. */
async function run(args: string[], expected = 0): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, PATH, NO_COLOR: '1' }
  const child = spawn(PROGRAM, args, { env, cwd: temporaryFolder(), stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  expect(code, stderr).toBe(expected)
  expectNoWarning(stderr)
  return { stdout, stderr }
}

/** Neither Node (`(node:12) ExperimentalWarning: ...`) nor V8 (`Error: unrecognized flag`) may have written to the stream. */
function expectNoWarning(stderr: string): void {
  expect(stderr).not.toMatch(/\(node:\d+\)|\w+Warning|unrecognized flag|bad option/)
}

it('the program starts by its own first line, which carries no flag of Node', async () => {
  expect(readFileSync(PROGRAM, 'utf8').split('\n')[0]).toMatch(
    /^#!\/usr\/bin\/env -S sh -c '.* exec node "\$0" "\$@"'$/,
  )
  expect(basename(process.execPath)).toBe('node')
  expect((await run(['--version'])).stderr).toBe('')
  expect((await run(['run', '--help'])).stderr).toBe('')
})

it.each(['fedavg', 'scaffold', 'cyclic', 'swarm'])(
  'the job of %s completes, without a warning in any role',
  async (algorithm) => {
    const out = join(temporaryFolder(), algorithm)
    const gc = algorithm === 'swarm' ? '--memory-gc-rounds' : '--server-memory-gc-rounds'
    const job = ['--rounds', '3', '--trials', '1', '--model-size', '100kB', gc, '1', '--arena-max', 'unset']
    // Three rounds decide no shape, which is exit code 4.
    await run(['compare', algorithm, ...job, '--out', out], 4)
    const { trials } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
    const trial = trials[0]!
    expect(trial).toMatchObject({ state: 'completed', reason: null })
    const judged = trial.rounds.filter(({ role }) => role === (algorithm === 'swarm' ? 'peer' : 'server'))
    expect(new Set(judged.map(({ round }) => round))).toEqual(new Set([1, 2, 3]))

    const folder = join(out, trial.folder)
    const logs = readdirSync(folder).filter((file) => file.endsWith('.log'))
    expect(logs.length).toBeGreaterThanOrEqual(3)
    for (const log of logs) expectNoWarning(readFileSync(join(folder, log), 'utf8'))
    const lines = readFileSync(join(folder, 'marks.ndjson'), 'utf8').trimEnd().split('\n')
    const starts = lines.map((line) => JSON.parse(line) as Mark).filter((mark) => mark.mark === 'start')
    expect(starts.length).toBeGreaterThanOrEqual(3)
    // V8 ignores what it does not know, and says so only on standard error: the marks say what was asked of it.
    for (const { v8Flags } of starts) {
      expect(v8Flags?.missing).toEqual([])
      expect(v8Flags?.set).toContain('--no-lazy-feedback-allocation')
    }
  },
)

it('the recorder measures a command', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const { stdout } = await run([
    'run',
    '--rate',
    '500',
    '--out',
    folder,
    '--',
    process.execPath,
    '--eval',
    'console.log(5)',
  ])
  expect(stdout).toBe('5\n')
  expect((await run(['peak', folder])).stdout).toMatch(/\d+\.\d+ MiB/)
})
