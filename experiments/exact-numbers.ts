/**
 * A. Exact numbers: the golden vectors within their tolerance, a swarm bit for bit like FedAvg, and a run in which clients
 * send what breaks a rule bit for bit like the run in which exactly those are absent. The first two are the tests of the
 * project, run here for their count.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { badResults } from './bad-results.js'
import type { Experiment, Row } from './support/experiment.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Test files, with the words that their tests begin with where not all of them are meant. */
const TESTS = [
  { what: 'FedAvg and aggregator vectors', file: 'test/federation/vectors.test.ts' },
  { what: 'SCAFFOLD vectors', file: 'test/federation/scaffold-vectors.test.ts' },
  { what: 'Cyclic vectors', file: 'test/federation/cyclic-vectors.test.ts' },
  { what: 'Swarm vectors', file: 'test/federation/swarm-vectors.test.ts' },
  {
    what: 'swarm = FedAvg, every bit after every round, three rotations',
    file: 'test/federation/swarm/swarm.test.ts',
    begin: 'a swarm equals FedAvg bit for bit',
  },
  {
    what: 'swarm with --summation arrival = FedAvg within 1e-6',
    file: 'test/federation/swarm/swarm.test.ts',
    begin: 'a swarm that adds up in the order of arrival',
  },
]

export const exactNumbers: Experiment = {
  letter: 'A',
  shows: 'The golden vectors hold, a swarm equals FedAvg, and what breaks a rule leaves no trace.',
  run: async (progress) => {
    progress('the tests of the golden vectors')
    return [...rowsOfTests(), ...(await badResults())]
  },
}

interface RanFile {
  name: string
  assertionResults: { fullName: string; status: string }[]
}

function rowsOfTests(): Row[] {
  const ran = runTests([...new Set(TESTS.map(({ file }) => file))])
  return TESTS.map(({ what, file, begin = '' }) => {
    const tests = ran.find(({ name }) => name.endsWith(file))?.assertionResults ?? []
    const meant = tests.filter(({ fullName }) => fullName.startsWith(begin))
    const passed = meant.filter(({ status }) => status === 'passed').length
    return {
      what: `${what} (${file})`,
      expected: 'all tests pass',
      measured: `${passed} of ${meant.length}`,
      passed: meant.length > 0 && passed === meant.length,
    }
  })
}

function runTests(files: readonly string[]): RanFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-experiment-'))
  try {
    const report = join(folder, 'report.json')
    const command = ['--no-install', 'vitest', 'run', ...files, '--reporter=json', `--outputFile=${report}`]
    spawnSync('npx', command, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
    return (JSON.parse(readFileSync(report, 'utf8')) as { testResults: RanFile[] }).testResults
  } finally {
    rmSync(folder, { recursive: true })
  }
}
