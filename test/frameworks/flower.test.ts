import { cpSync, readFileSync, writeFileSync } from 'node:fs'
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
  FLOWER_SIMULATION,
  programsOf,
  pythonOnPage,
  quiet,
  RUN_FLOWER,
  recordJob,
} from './framework-job.js'

const TIMEOUT_MS = 600_000
const env = { FLOWER: programsOf('flower-1.42') }

const marked = {
  preset: 'flower' as const,
  env,
  hasCompanion: true,
  options: () => ['--role', 'server=flwr-serverapp', '--role', 'superlink=flower-superlink'],
}

describe('Flower 1.42', needs('Flower'), () => {
  test(
    'a run with the wrapper and the mod of the companion: ServerApp, SuperLink and clients, the last round too',
    async () => {
      const seen = await recordJob({ ...marked, command: [RUN_FLOWER, 'rounds=3 gc-rounds=3 companion=true'] })
      const rounds = expectAsSeen(seen, { role: 'server', rounds: 3, gcRounds: 3 })
      expect(rounds[2]!.end.rssBytes).toBeLessThan(rounds[1]!.end.rssBytes)
      const of = (wanted: string) => seen.recording.rounds.filter(({ role }) => role === wanted)
      expect(of('superlink').map(({ round }) => round)).toEqual([1, 2, 3])
      expect(of('client').map(({ round }) => round)).toEqual([1, 1, 2, 2, 3, 3])
    },
    TIMEOUT_MS,
  )
})

test('Flower 1.42: the line of a strategy that keeps results is named', {
  timeout: TIMEOUT_MS,
  ...needs('Flower', 'every form of a framework'),
}, async () => {
  await expectLeakFound({
    fixture: join(dirname(RUN_FLOWER), 'tidemark_app/server.py'),
    options: marked.options(),
    command: [RUN_FLOWER, 'rounds=8 mib=0.1 companion=true leak=true'],
    env,
  })
})

describe('Flower 1.42, every form of a job', needs('Flower', 'every form of a framework'), () => {
  test(
    'a run on a SuperLink with two SuperNodes: ServerApp, SuperLink and clients that live for one message',
    async () => {
      const seen = await recordJob({ preset: 'flower', command: [RUN_FLOWER, 'rounds=3 gc-rounds=0'], env })
      expectAsSeen(seen, { role: 'server', rounds: 3, gcRounds: 0 })
      const roles = new Set(seen.recording.head.processes.map(({ role }) => role))
      expect([...roles]).toEqual(expect.arrayContaining(['server', 'superlink', 'supernode', 'client']))
      expect(seen.output).toMatch(/^ +2 {2}client(, highest of \d+)? +\d/m)
    },
    TIMEOUT_MS,
  )

  test(
    'the app of docs/comparing-flower.md, with the wrapper and the mod of the companion',
    async () => {
      const folder = temporaryFolder()
      cpSync(dirname(RUN_FLOWER), folder, { recursive: true })
      const [server, client] = pythonOnPage('comparing-flower.md')
      const app = join(folder, 'tidemark_app')
      writeFileSync(join(app, 'server.py'), server!.replace('num_rounds=20', 'num_rounds=3'))
      const train = readFileSync(join(app, 'client.py'), 'utf8').split('@app.train()')[1]
      const imports =
        'import numpy as np\nfrom flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict\n'
      writeFileSync(join(app, 'client.py'), `${imports}${client}\n@app.train()${train}`)
      const options = { cwd: folder, env: { ...env, ...quiet(folder), PYTHONPATH: COMPANION } }
      const roles = marked.options()
      const command = ['run', ...roles, '--out', 'recording', '--', './run-flower.sh', 'gc-rounds=2']
      const { code, stdout, stderr } = await runTidemark(command, options)
      expect(code, stdout + stderr).toBe(0)
      const { rounds } = readRecording(join(folder, 'recording'))
      const roundsOf = (wanted: string) => rounds.filter(({ role }) => role === wanted).map(({ round }) => round)
      expect([roundsOf('server'), roundsOf('superlink'), roundsOf('client')], stdout).toEqual([
        [1, 2, 3],
        [1, 2, 3],
        [1, 1, 2, 2, 3, 3],
      ])
    },
    TIMEOUT_MS,
  )

  test(
    'flwr run in simulation, with the wrapper and the mod of the companion',
    async () => {
      const options = () => ['--role', 'server=flwr-simulation']
      const command = [FLOWER_SIMULATION, 'rounds=6 gc-rounds=3 companion=true']
      const seen = await recordJob({ ...marked, options, command })
      expectAsSeen(seen, { role: 'server', rounds: 6, gcRounds: 3 })
    },
    TIMEOUT_MS,
  )

  test(
    'flwr run in simulation, with the SuperLink that it starts and workers of ray',
    async () => {
      const seen = await recordJob({ preset: 'flower', command: [FLOWER_SIMULATION, 'rounds=12 gc-rounds=5'], env })
      expectAsSeen(seen, { role: 'server', rounds: 12, gcRounds: 5 })
      const roles = new Set(seen.recording.head.processes.map(({ role }) => role))
      expect([...roles]).toEqual(expect.arrayContaining(['server', 'superlink', 'client']))
    },
    TIMEOUT_MS,
  )
})
