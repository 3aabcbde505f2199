import { defineComparison, federation } from 'tidemark'

/**
 * Does the server grow without cleanup, saw-tooth with one every fifth round, and stay flat with one every round?
 *
 * The job is short and its model small, so that what Node itself still takes in the first twenty rounds (compiled code, about
 * 0.1 % of the level a round; it ends by round 25) must not pass for growth: hence the floor.
 */
export default defineComparison({
  name: 'fedavg',
  workload: federation({ algorithm: 'fedavg' }),
  settings: {
    serverMemoryGcRounds: [0, 5, 1],
    arenaMax: ['unset', 4],
  },
  floor: '0.5%',
  expect: {
    serverMemoryGcRounds: { 0: ['grows', 'settling'], 5: 'sawtooth', 1: ['stable', 'settling'] },
  },
})
