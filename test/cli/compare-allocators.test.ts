import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import type { Comparison, TrialResult } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { startTidemark } from '../tidemark.js'

const SERVERS = fileURLToPath(new URL('../fixtures/servers/', import.meta.url))
/** What frees.py takes in every round, and frees. */
const TAKEN = 32 * MIB

async function compare(server: string, ...args: string[]) {
  const out = join(temporaryFolder(), 'results')
  const command = `${PYTHON} ${join(SERVERS, `${server}.py`)}`
  const common = ['--rounds', 'nvflare', '--role', `server=${server}`, '--out', out]
  const { child, finished } = startTidemark(['compare', '--command', command, ...args, ...common])
  const { code, stdout, stderr } = await finished
  expect(code, stderr).toBe(0)
  const { trials } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
  for (const trial of trials) expect(trial, trial.reason ?? '').toMatchObject({ state: 'completed' })
  const logOf = (trial: TrialResult) => readFileSync(join(out, trial.folder, 'command.log'), 'utf8')
  return { trials, stdout, logOf, folderOf: (trial: TrialResult) => join(out, trial.folder), toolPid: child.pid! }
}

/** The lowest RSS at the end of a round, of the trials of a setting whose label ends so. */
function floorOf(trials: TrialResult[], label: string): number {
  const rounds = trials.filter(({ setting }) => setting.endsWith(label)).flatMap((trial) => trial.rounds)
  return Math.min(...rounds.filter(({ role }) => role === 'server').map(({ end }) => end.rssBytes))
}

test('each allocator is in the memory of the judged process, through a whole comparison', {
  ...needs('jemalloc', 'mimalloc', 'tcmalloc'),
  timeout: 120_000,
}, async () => {
  const { trials, stdout, logOf, folderOf } = await compare(
    'frees',
    ...['--allocator', 'glibc,jemalloc,mimalloc,tcmalloc', '--trials', '1'],
  )
  expect(trials).toHaveLength(4)
  for (const trial of trials) {
    const asked = trial.setting.replace('allocator=', '')
    expect(logOf(trial)).toContain(`allocators in memory: ${asked === 'glibc' ? 'none' : asked}\n`)
    const { head } = readRecording(folderOf(trial))
    const loaded = head.processes.filter(({ role }) => role === 'server').map(({ allocator }) => allocator)
    expect(loaded).toEqual([asked])
  }
  // glibc gives the freed blocks back at once, since they lie at the top of its heap; the others keep them for a while.
  for (const name of ['jemalloc', 'mimalloc', 'tcmalloc']) {
    expect(floorOf(trials, name) - floorOf(trials, 'glibc')).toBeGreaterThan(0.9 * TAKEN)
    expect(stdout).toMatch(new RegExp(`allocator=${name} .* end \\+\\d+ % \\?`))
  }
})

test(
  'tunings reach the process as settings, with commas in them too, and show their effect',
  needs('jemalloc'),
  async () => {
    // Memory is compared and no time, so the two may run beside each other.
    const [glibc, jemalloc] = await Promise.all([
      compare('frees', '-L', 'MALLOC_TRIM_THRESHOLD_', 'unset,1073741824', '--trials', '1'),
      compare(
        'frees',
        ...['--allocator', 'jemalloc', '--trials', '1'],
        ...['-L', 'MALLOC_CONF', 'dirty_decay_ms:10000,dirty_decay_ms:0\\,muzzy_decay_ms:0'],
      ),
    ])
    const kept = floorOf(glibc.trials, '=1073741824') - floorOf(glibc.trials, '=unset')
    expect(kept / TAKEN).toBeGreaterThan(0.95)
    expect(kept / TAKEN).toBeLessThan(1.05)

    expect(jemalloc.trials.map(({ setting }) => setting).sort()).toEqual([
      'MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0',
      'MALLOC_CONF=dirty_decay_ms:10000',
    ])
    const lowered = floorOf(jemalloc.trials, '=dirty_decay_ms:10000') - floorOf(jemalloc.trials, 'muzzy_decay_ms:0')
    expect(lowered).toBeGreaterThan(0.9 * TAKEN)
    // jemalloc would say in the log what it cannot read.
    for (const trial of jemalloc.trials) expect(jemalloc.logOf(trial)).not.toContain('<jemalloc>')
  },
)

/** What tells_of_itself.py prints first. */
interface Itself {
  group: number
  session: number
  environment: Record<string, string>
  files: string[]
}

test('nothing of the tool is in the process group, the environment or the memory of the compared command', async () => {
  const { trials, stdout, logOf, toolPid } = await compare('tells_of_itself', '--trials', '1')
  expect(stdout).toMatch(/^ +as it is /m) // without an axis too a setting has a name
  const compared = JSON.parse(logOf(trials[0]!).split('\n')[0]!) as Itself
  // The test has started the tool in a group and a session of its own, which has its number.
  expect([compared.group, compared.session]).not.toContain(toolPid)
  const bare = spawnSync(PYTHON, [join(SERVERS, 'tells_of_itself.py')], { encoding: 'utf8' })
  const alone = JSON.parse(bare.stdout.split('\n')[0]!) as Itself
  expect(compared.files).toEqual(alone.files)
  const added = Object.keys(compared.environment).filter(
    (name) => compared.environment[name] !== alone.environment[name],
  )
  expect(added.sort()).toEqual(['NO_COLOR', 'TIDEMARK_MARKS', 'TIDEMARK_RECORDING']) // the first is this test's own
})
