import { describe, expect, test } from 'vitest'
import { needs } from '../optional-parts.js'
import { programsOf, RUN_FLOWER, recordJob } from './framework-job.js'

const TIMEOUT_MS = 600_000
const env = { FLOWER: programsOf('flower-1.42') }

describe('Flower 1.42', needs('Flower'), () => {
  test(
    'a run on a SuperLink with two SuperNodes: ServerApp, SuperLink and clients that live for one message',
    async () => {
      const seen = await recordJob({ preset: 'flower', command: [RUN_FLOWER, 'rounds=3 gc-rounds=1'], env })
      const { processes } = seen.recording.head
      const roles = new Set(processes.map(({ role }) => role))
      expect([...roles]).toEqual(expect.arrayContaining(['server', 'superlink', 'supernode', 'client']))
      const rounds = seen.recording.rounds.filter(({ role }) => role === 'server')
      expect(rounds.map(({ round }) => round)).toEqual([1, 2, 3])
    },
    TIMEOUT_MS,
  )
})
