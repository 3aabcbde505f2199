import { describe, expect, test } from 'vitest'
import { needs } from '../optional-parts.js'
import { expectAsSeen, FLOWER_SIMULATION, programsOf, RUN_FLOWER, recordJob } from './framework-job.js'

const TIMEOUT_MS = 600_000
const env = { FLOWER: programsOf('flower-1.42') }

describe('Flower 1.42', needs('Flower'), () => {
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
