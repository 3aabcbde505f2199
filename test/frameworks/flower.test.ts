import { describe, expect, test } from 'vitest'
import { needs } from '../optional-parts.js'
import { expectAsSeen, FLOWER_SIMULATION, programsOf, RUN_FLOWER, recordJob } from './framework-job.js'

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
      const seen = await recordJob({ ...marked, command: [RUN_FLOWER, 'rounds=4 gc-rounds=2 companion=true'] })
      const rounds = expectAsSeen(seen, { role: 'server', rounds: 4, gcRounds: 2 })
      expect(rounds[3]!.end.rssBytes).toBeLessThan(rounds[2]!.end.rssBytes)
      const of = (wanted: string) => seen.recording.rounds.filter(({ role }) => role === wanted)
      expect(of('superlink').map(({ round }) => round)).toEqual([1, 2, 3, 4])
      expect(of('client').map(({ round }) => round)).toEqual([1, 1, 2, 2, 3, 3, 4, 4])
    },
    TIMEOUT_MS,
  )

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
})

describe('Flower 1.42, every form of a job', needs('Flower', 'every form of a framework'), () => {
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
