import { defineComparison, federation } from 'tidemark'

/** Does a peer that adds rounds up in turn stay flat when it cleans up after its training and its merges? */
export default defineComparison({
  name: 'swarm',
  workload: federation({ algorithm: 'swarm', clients: 3 }),
  judge: 'peer',
  settings: {
    memoryGcRounds: [0, 5, 1],
    arenaMax: ['unset', 4],
  },
  expect: {
    memoryGcRounds: { 1: ['stable', 'settling'] },
  },
})
