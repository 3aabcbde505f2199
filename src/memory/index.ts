/**
 * `tidemark/memory` looks after the memory of a long-running Node process, whatever it does.
 * Nothing here needs a flag on Node's command line, and importing it loads only these few small
 * files.
 */
export type { CleanupRecord } from '../shared/marks.js'
export { type AllocatorName, getAllocator } from './allocator.js'
export { type GiveBack, splitRssByGiveBack } from './attribution.js'
export { cleanupMemory } from './cleanup.js'
export { everyNthRound } from './every-nth-round.js'
export { tryMallocTrim } from './purge.js'
export { type AllocatorStatistics, type MemoryStatistics, readMemoryStatistics } from './statistics.js'
