import { defineComparison, federation } from 'tidemark'

/**
 * Does the server grow without cleanup, saw-tooth with one every fifth round, and stay flat with one every round? And what does
 * good look like: a server that keeps its weights in files needs no cleanup.
 */
export default defineComparison({
  name: 'fedavg',
  workload: federation({ algorithm: 'fedavg', rounds: 30, evaluateEvery: 2 }),
  settings: {
    serverMemoryGcRounds: [0, 5, 1],
    arenaMax: ['unset', 4],
  },
  besides: [{ aggregation: 'spooled', serverMemoryGcRounds: 0 }],
  expect: {
    serverMemoryGcRounds: { 0: ['grows', 'settling'], 5: 'sawtooth', 1: 'stable' },
    aggregation: { spooled: ['stable', 'settling'] },
  },
})
