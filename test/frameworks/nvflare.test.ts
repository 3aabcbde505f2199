import { copyFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'
import {
  COMPANION,
  expectAsSeen,
  expectLeakFound,
  NVFLARE_JOB,
  POC,
  programsOf,
  pythonOnPage,
  quiet,
  recordJob,
} from './framework-job.js'

const TIMEOUT_MS = 600_000
const bin = programsOf('nvflare-2.9')
const python = join(bin, 'python')
const job = (...options: string[]) => [python, NVFLARE_JOB, '--workspace', 'workspace', ...options]

/** The component of the companion with its cleanup in every second round, and none of NVFlare's own. */
const marked = (algorithm: string) => job('--algorithm', algorithm, '--rounds', '8', '--gc', '0', '--marks', '2')

describe('NVFlare 2.9', needs('NVFlare'), () => {
  test(
    'a FedAvg job in the simulator with the component of the companion: server and clients, the last round too',
    async () => {
      const seen = await recordJob({ preset: 'nvflare', command: marked('fedavg'), hasCompanion: true })
      const rounds = expectAsSeen(seen, { role: 'server', rounds: 8, gcRounds: 2 })
      expect(rounds.map(({ cleanup }) => cleanup !== null)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => n % 2 === 0))
      const ofClients = seen.recording.rounds.filter(({ role }) => role === 'client')
      expect(ofClients.map(({ name }) => name).sort()).toEqual(
        ['site-1', 'site-2'].flatMap((name) => Array(8).fill(name)),
      )
      expect(seen.recording.warnings.filter((warning) => warning.includes('mark'))).toEqual([])
    },
    TIMEOUT_MS,
  )

  test(
    'a FedAvg job in the simulator: its server is the fork that does the work, round by round',
    async () => {
      // The last round has no cleanup: of a process that ends right after it, the newest sample is of before its trim.
      const seen = await recordJob({ preset: 'nvflare', command: job('--rounds', '10', '--gc', '3') })
      const rounds = expectAsSeen(seen, { role: 'server', rounds: 10, gcRounds: 3 })
      const { processes } = seen.recording.head
      expect(processes.filter(({ role }) => role === 'server').map(({ pid }) => pid)).toEqual([rounds[0]!.pid])
      expect(processes.filter(({ role }) => role === 'client')).toHaveLength(2)
    },
    TIMEOUT_MS,
  )
})

test('NVFlare 2.9: the line of an aggregator that keeps results is named', {
  timeout: TIMEOUT_MS,
  ...needs('NVFlare', 'every form of a framework'),
}, async () => {
  await expectLeakFound({
    fixture: join(dirname(NVFLARE_JOB), 'leaky_mean.py'),
    command: job('--rounds', '8', '--mib', '0.1', '--leak', '--marks', '0'),
    env: {},
  })
})

describe('NVFlare 2.9, every form of a job', needs('NVFlare', 'every form of a framework'), () => {
  test.each([
    { algorithm: 'scaffold', role: 'server' },
    { algorithm: 'cyclic', role: 'server' },
    { algorithm: 'swarm', role: 'client' },
  ])(
    '$algorithm in the simulator, with the component of the companion',
    async ({ algorithm, role }) => {
      const seen = await recordJob({ preset: 'nvflare', command: marked(algorithm), hasCompanion: true })
      expectAsSeen(seen, { role, rounds: 8, gcRounds: 2 })
    },
    TIMEOUT_MS,
  )

  test(
    'the job of docs/comparing-nvflare.md, a recipe without a setting for its cleanup, with the companion',
    async () => {
      const folder = temporaryFolder()
      const [snippet] = pythonOnPage('comparing-nvflare.md')
      writeFileSync(join(folder, 'job.py'), snippet!.replace('num_rounds=20', 'num_rounds=4'))
      copyFileSync(join(dirname(NVFLARE_JOB), 'client.py'), join(folder, 'client.py'))
      const env = { ...quiet(folder), PYTHONPATH: COMPANION }
      const command = ['run', '--out', 'recording', '--', python, 'job.py', '--gc', '2']
      const { code, stdout, stderr } = await runTidemark(command, { cwd: folder, env })
      expect(code, stdout + stderr).toBe(0)
      const { rounds } = readRecording(join(folder, 'recording'))
      const server = rounds.filter(({ role }) => role === 'server')
      expect(server.map(({ round, cleanup }) => [round, cleanup !== null])).toEqual([
        [1, false],
        [2, true],
        [3, false],
        [4, true],
      ])
      expect(rounds.filter(({ role }) => role === 'client')).toHaveLength(8)
    },
    TIMEOUT_MS,
  )

  test(
    'FedAvg in POC mode, with the component of the companion, which the job carries to the sites',
    async () => {
      const seen = await recordJob({
        preset: 'nvflare',
        command: [POC, 'scripts', '--rounds', '8', '--gc', '0', '--marks', '2'],
        env: { NVFLARE: bin },
        hasCompanion: true,
      })
      expectAsSeen(seen, { role: 'server', rounds: 8, gcRounds: 2 })
    },
    TIMEOUT_MS,
  )

  test.each(['scaffold', 'cyclic'])(
    '%s in the simulator',
    async (algorithm) => {
      const seen = await recordJob({
        preset: 'nvflare',
        command: job('--algorithm', algorithm, '--rounds', '8', '--gc', '3'),
      })
      expectAsSeen(seen, { role: 'server', rounds: 8, gcRounds: 3 })
    },
    TIMEOUT_MS,
  )

  test(
    'Swarm in the simulator: the rounds of its clients, each counted once',
    async () => {
      const seen = await recordJob({
        preset: 'nvflare',
        command: job('--algorithm', 'swarm', '--rounds', '8', '--gc', '1'),
      })
      expectAsSeen(seen, { role: 'client', rounds: 8, gcRounds: 1 })
      expect(seen.recording.warnings.filter((warning) => warning.includes('round'))).toEqual([])
    },
    TIMEOUT_MS,
  )

  test(
    'FedAvg by the command line of the simulator',
    async () => {
      const [program, script, ...options] = job('--rounds', '6', '--gc', '2', '--export', 'jobs')
      const steps = `'${program}' '${script}' ${options.join(' ')} && exec '${join(bin, 'nvflare')}' simulator jobs/fedavg -w workspace -n 2 -t 2`
      const seen = await recordJob({ preset: 'nvflare', command: ['sh', '-c', steps] })
      expectAsSeen(seen, { role: 'server', rounds: 6, gcRounds: 2 })
    },
    TIMEOUT_MS,
  )

  test(
    'FedAvg in POC mode by its start scripts',
    async () => {
      const seen = await recordJob({
        preset: 'nvflare',
        command: [POC, 'scripts', '--rounds', '12', '--gc', '5'],
        env: { NVFLARE: bin },
      })
      expectAsSeen(seen, { role: 'server', rounds: 12, gcRounds: 5 })
    },
    TIMEOUT_MS,
  )

  test(
    'FedAvg in POC mode by nvflare poc start, whose log is a file',
    async () => {
      const seen = await recordJob({
        preset: 'nvflare',
        command: [POC, 'start', '--rounds', '12', '--gc', '5'],
        env: { NVFLARE: bin },
        options: (folder) => ['--log', join(folder, 'poc/example_project/prod_00/server/poc_console.log')],
      })
      expectAsSeen(seen, { role: 'server', rounds: 12, gcRounds: 5 })
    },
    TIMEOUT_MS,
  )
})

describe('NVFlare 2.6', needs('NVFlare 2.6', 'every form of a framework'), () => {
  test(
    'a FedAvg job in the simulator, with the component of the companion, whose cleanup this release lacks',
    async () => {
      const [, ...rest] = marked('fedavg')
      const command = [join(programsOf('nvflare-2.6'), 'python'), ...rest]
      const seen = await recordJob({ preset: 'nvflare', command, hasCompanion: true })
      expectAsSeen(seen, { role: 'server', rounds: 8, gcRounds: 2 })
    },
    TIMEOUT_MS,
  )

  test(
    'a FedAvg job in the simulator',
    async () => {
      const command = [
        join(programsOf('nvflare-2.6'), 'python'),
        NVFLARE_JOB,
        '--workspace',
        'workspace',
        '--rounds',
        '6',
      ]
      expectAsSeen(await recordJob({ preset: 'nvflare', command }), { role: 'server', rounds: 6, gcRounds: 0 })
    },
    TIMEOUT_MS,
  )
})
