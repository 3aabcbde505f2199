import { defineComparison, federation } from 'tidemark'

/** The control experiment: a server of Cyclic serves one client at a time, so what grows here does not come from averaging. */
export default defineComparison({
  name: 'cyclic',
  workload: federation({ algorithm: 'cyclic' }),
  settings: {
    serverMemoryGcRounds: [0, 5, 1],
    arenaMax: ['unset', 4],
  },
  expect: {
    serverMemoryGcRounds: { 0: ['grows', 'settling', 'stable'], 5: ['sawtooth', 'stable'], 1: 'stable' },
  },
})
