import { defineComparison, federation } from 'tidemark'

/** The same question as for FedAvg, of a server that keeps, sends and receives twice as much: the model and a control variate. */
export default defineComparison({
  name: 'scaffold',
  workload: federation({ algorithm: 'scaffold' }),
  settings: {
    serverMemoryGcRounds: [0, 5, 1],
    arenaMax: ['unset', 4],
  },
  expect: {
    serverMemoryGcRounds: { 0: ['grows', 'settling'], 5: 'sawtooth', 1: 'stable' },
  },
})
