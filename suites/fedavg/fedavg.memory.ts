import { defineComparison, federation } from 'tidemark'

/** Does the server grow without cleanup, saw-tooth with one every fifth round, and stay flat with one every round? */
export default defineComparison({
  name: 'fedavg',
  workload: federation({ algorithm: 'fedavg', rounds: 30 }),
  settings: {
    serverMemoryGcRounds: [0, 5, 1],
    arenaMax: ['unset', 4],
  },
  expect: {
    serverMemoryGcRounds: { 0: ['grows', 'settling'], 5: 'sawtooth', 1: 'stable' },
  },
})
