import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { scheduleTrials } from '../../src/comparison/plan/schedule.js'
import type { Comparison } from '../../src/results/comparison.js'
import type { Mark } from '../../src/shared/marks.js'
import { MIB } from '../../src/shared/units.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

/** A job that only moves weights. */
const TINY = ['fedavg', '--trainer', 'echo', '--model-size', '1MB', '--arena-max', 'unset']
const UNJUDGED = fileURLToPath(new URL('../fixtures/suites/unjudged.memory.ts', import.meta.url))
const TWO_SETTINGS = [...TINY, '--server-memory-gc-rounds', '0,1']
const SHORT = ['--rounds', '3']
/** Rounds enough to be caught in the middle of a trial. */
const LONG = ['--rounds', '300', '--model-size', '100kB']

test('a comparison ends with a table, sentences, a report, and a folder that holds every trial', async () => {
  const out = join(temporaryFolder(), 'results')
  const { code, stdout, stderr } = await runTidemark([
    'compare',
    ...TWO_SETTINGS,
    '--trials',
    '2',
    ...SHORT,
    '--out',
    out,
  ])
  expect(stderr).toContain(`fedavg: 2 settings, 4 trials; results in ${out}\n`)
  // The suite expects shapes, and three rounds decide none.
  expect(code, stderr).toBe(4)
  for (const label of ['gc=0', 'gc=1']) expect(stdout).toContain(label)
  expect(stdout).toMatch(/Expected +cannot be decided yet for gc=0/)
  expect(stdout).toMatch(/Use +no choice yet/)
  expect(stdout).toContain(join(out, 'report.html'))
  expect(readdirSync(out).sort()).toEqual([
    'comparison.json',
    'figures',
    'plan.json',
    'report.html',
    'summary.md',
    'trials',
  ])
  const comparison = readComparison(out)
  expect(comparison).toMatchObject({ state: 'completed', judge: 'server', warnings: [] })
  expect(comparison.modelBytes).toBeGreaterThan(0.95e6)
  expect(comparison.modelBytes).toBeLessThan(1.05e6)
  expect(comparison.trials.map(({ index, setting, trial }) => ({ index, setting, trial }))).toEqual(
    scheduleTrials(['gc=0', 'gc=1'], 2, 1),
  )
  for (const trial of comparison.trials) {
    expect(trial).toMatchObject({ state: 'completed', reason: null })
    const server = trial.rounds.filter(({ role }) => role === 'server')
    expect(server.map(({ round }) => round)).toEqual([1, 2, 3])
    expect(server.every(({ cleanup }) => (cleanup === null) === (trial.setting === 'gc=0'))).toBe(true)
    expect(trial.rounds.filter(({ role }) => role === 'client').length).toBe(6)
    expect(trial.initialRssBytes).toBeGreaterThan(30 * MIB)
    // bench/results/node-releases.md: 56 MiB under Node 20, 69 to 75 under 22, 24 and 26.
    expect(trial.initialRssBytes).toBeLessThanOrEqual((process.versions.node.startsWith('20.') ? 60 : 80) * MIB)
    const { rssBytes, liveBytes, garbageBytes, retainedBytes } = trial.attribution!
    expect(liveBytes + garbageBytes! + retainedBytes).toBe(rssBytes)
    expect(readdirSync(join(out, trial.folder)).sort()).toEqual([
      'marks.ndjson',
      'recording.json',
      'samples.ndjson',
      'server.log',
      'site-1.log',
      'site-2.log',
    ])
  }
})

test('--json prints the result and nothing else', async () => {
  const out = join(temporaryFolder(), 'results')
  const args = ['compare', ...TINY, ...SHORT, '--server-memory-gc-rounds', '1', '--trials', '1', '--json', '--out', out]
  const { code, stdout, stderr } = await runTidemark(args)
  expect(code, stderr).toBe(4)
  const result = JSON.parse(stdout) as { folder: string; comparison: Comparison; settings: { label: string }[] }
  expect(result.folder).toBe(out)
  expect(result.settings.map(({ label }) => label)).toEqual(['gc=1 arena=unset'])
})

test('a folder with something in it is left alone', async () => {
  const out = temporaryFolder()
  writeFileSync(join(out, 'mine.txt'), 'precious')
  const { code, stderr } = await runTidemark(['compare', ...TINY, '--out', out])
  expect(code).toBe(2)
  expect(stderr).toBe(
    `tidemark: the folder for the results, ${out}, is not empty\n  Name another one with --out. To continue a comparison that was stopped, use --resume ${out}.\n`,
  )
  expect(readdirSync(out)).toEqual(['mine.txt'])
})

test('a folder that cannot be made is an error before anything is started', async () => {
  const file = join(temporaryFolder(), 'a-file')
  writeFileSync(file, '')
  const { code, stderr } = await runTidemark(['compare', ...TINY, '--out', join(file, 'results')])
  expect(code).toBe(2)
  expect(stderr).toContain(`tidemark: cannot make the folder for the results, ${join(file, 'results')}: ENOTDIR`)
})

test('--resume of a folder without a comparison says so', async () => {
  const folder = temporaryFolder()
  const { code, stderr } = await runTidemark(['compare', '--resume', folder])
  expect(code).toBe(2)
  expect(stderr).toMatch(new RegExp(`^tidemark: ${folder} holds no comparison\\n`))
})

test('what was kept of a suite is not used once the suite was changed', async () => {
  const suite = join(temporaryFolder(), 'x.memory.ts')
  for (const rounds of [-3, -4, -3]) {
    writeFileSync(
      suite,
      `const rounds: number = ${rounds}
       export default { name: 'x', workload: { kind: 'federation', job: { algorithm: 'fedavg', rounds } } }`,
    )
    const { code, stderr } = await runTidemark(['compare', suite])
    expect(code).toBe(2)
    expect(stderr).toContain(`workload.job.rounds: found ${rounds}, expected a whole number`)
  }
})

test('a server that is killed fails its trial, with the reason, and the comparison continues', async () => {
  const out = join(temporaryFolder(), 'results')
  const { finished } = startTidemark(['compare', ...TWO_SETTINGS, '--trials', '1', ...LONG, '--out', out])
  const server = await roleInRound(out, 'server', 5)
  process.kill(server, 'SIGKILL')
  const { code, stdout, stderr } = await finished
  expect(code).toBe(3)
  const { trials, state } = readComparison(out)
  expect(state).toBe('completed')
  expect(trials.map((trial) => trial.state)).toEqual(['failed', 'completed'])
  expect(trials[0]!.reason).toMatch(/^server \(pid \d+\) was killed by SIGKILL after round \d+ of 300/)
  expect(trials[0]!.rounds.length).toBeGreaterThan(0)
  expect(stderr).toMatch(/^trial 1 of 2 {2}gc=\d {2}failed after .*: server \(pid \d+\) was killed by SIGKILL/m)
  expect(stdout).toMatch(/failed/)
  expect(existsSync(join(out, 'report.html'))).toBe(true)
})

test('Ctrl-C keeps what was measured and says how to continue, and --resume completes the same schedule', async () => {
  const out = join(temporaryFolder(), 'results')
  const args = ['compare', UNJUDGED, ...TWO_SETTINGS.slice(1), '--trials', '2', '--rounds', '20', '--out', out]
  const { child, finished } = startTidemark(args)
  await vi.waitFor(() => expect(readComparison(out).trials.length).toBe(1), { timeout: 30_000, interval: 20 })
  child.kill('SIGINT')
  const stopped = await finished
  expect(stopped.code).toBe(130)
  expect(stopped.stderr).toContain(`Continue with: tidemark compare --resume ${out}`)
  expect(existsSync(join(out, 'report.html'))).toBe(true)
  const before = readComparison(out)
  expect(before.state).toBe('stopped')
  expect(before.trials.length).toBeLessThan(4)
  for (const { pid } of allMarks(out)) expect(isAlive(pid)).toBe(false)

  const resumed = await runTidemark(['compare', '--resume', out])
  expect(resumed.code, resumed.stderr).toBe(0)
  const after = readComparison(out)
  expect(after.state).toBe('completed')
  expect(after.trials.map(({ index, setting, trial }) => ({ index, setting, trial }))).toEqual(
    scheduleTrials(['gc=0', 'gc=1'], 2, 1),
  )
  expect(after.trials[0]).toEqual(before.trials[0])
  expect(readdirSync(join(out, 'trials')).length).toBe(4)
})

test('a second Ctrl-C does not wait, and leaves nothing behind', async () => {
  const out = join(temporaryFolder(), 'results')
  const { child, finished } = startTidemark(['compare', ...TWO_SETTINGS, ...LONG, '--out', out])
  await roleInRound(out, 'client', 3)
  const pids = new Set(allMarks(out).map(({ pid }) => pid))
  child.kill('SIGINT')
  child.kill('SIGINT')
  expect((await finished).code).toBe(130)
  await vi.waitFor(() => expect([...pids].filter(isAlive)).toEqual([]), { timeout: 10_000, interval: 20 })
})

test('a trial that takes longer than --trial-deadline is ended, and is a failure that says so', async () => {
  const out = join(temporaryFolder(), 'results')
  const args = [
    'compare',
    ...TINY,
    '--server-memory-gc-rounds',
    '0',
    '--trials',
    '1',
    '--rounds',
    '1000000',
    '--out',
    out,
  ]
  const { code, stderr } = await runTidemark([...args, '--trial-deadline', '2s'])
  expect(code, stderr).toBe(3)
  expect(readComparison(out).trials[0]).toMatchObject({
    state: 'failed',
    reason: 'the trial was ended: it took longer than 2.0 s (--trial-deadline)',
  })
  for (const { pid } of allMarks(out)) expect(isAlive(pid)).toBe(false)
})

test('nothing survives when the owner of a comparison is killed', async () => {
  const out = join(temporaryFolder(), 'results')
  const { child, finished } = startTidemark(['compare', ...TWO_SETTINGS, ...LONG, '--out', out])
  await roleInRound(out, 'client', 3)
  const pids = new Set(allMarks(out).map(({ pid }) => pid))
  expect(pids.size).toBe(3)
  child.kill('SIGKILL')
  expect((await finished).signal).toBe('SIGKILL')
  await vi.waitFor(() => expect([...pids].filter(isAlive)).toEqual([]), { timeout: 10_000, interval: 20 })
  expect(readComparison(out).state).toBe('running')
})

test('a suite of two files runs both, each in a folder of its name, with an overview beside them', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'suite'))
  for (const name of ['first', 'second']) {
    writeFileSync(
      join(folder, 'suite', `${name}.memory.ts`),
      `import { defineComparison, federation } from 'tidemark'
       export default defineComparison({
         name: '${name}',
         workload: federation({ algorithm: 'fedavg', trainer: 'echo', modelSize: '1MB', rounds: 2 }),
         settings: { serverMemoryGcRounds: [1] },
         trials: 1,
       })`,
    )
  }
  const { code, stdout, stderr } = await runTidemark(['compare', 'suite', '--out', 'results'], { cwd: folder })
  expect(code, stderr).toBe(0)
  expect(readdirSync(join(folder, 'results')).sort()).toEqual([
    'first',
    'index.html',
    'overview.md',
    'second',
    'suite.json',
  ])
  expect(stdout).toContain('results/second/report.html')
})

function readComparison(folder: string): Comparison {
  return JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')) as Comparison
}

/** The pid of a role once it has ended a round, in whichever trial runs first. */
async function roleInRound(folder: string, role: string, round: number): Promise<number> {
  return vi.waitFor(
    () => {
      const mark = allMarks(folder).find((one) => one.mark === 'round' && one.role === role && one.round >= round)
      if (mark === undefined) throw new Error(`no ${role} has ended round ${round} yet`)
      return mark.pid
    },
    { timeout: 30_000, interval: 20 },
  )
}

/** A last line that is still being written is left out. */
function allMarks(folder: string): Mark[] {
  const trials = join(folder, 'trials')
  if (!existsSync(trials)) return []
  return readdirSync(trials).flatMap((trial) => {
    const file = join(trials, trial, 'marks.ndjson')
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Mark)
  })
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}
