import { defineComparison, federation } from 'tidemark'

/**
 * What does good look like? The comparison of FedAvg with one setting more: a server that keeps its weights in files and needs no
 * cleanup. It takes too long for the main job, which has four minutes.
 */
export default defineComparison({
  name: 'spooled',
  workload: federation({ algorithm: 'fedavg', rounds: 30 }),
  settings: {
    serverMemoryGcRounds: [0, 5, 1],
    arenaMax: ['unset', 4],
  },
  extraSettings: [{ aggregation: 'spooled', serverMemoryGcRounds: 0 }],
  expect: {
    serverMemoryGcRounds: { 0: ['grows', 'settling'], 5: 'sawtooth', 1: 'stable' },
    aggregation: { spooled: ['stable', 'settling'] },
  },
})
