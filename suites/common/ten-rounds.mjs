/** Ten rounds of 100 MB, with a cleanup after every N-th (argument; 0 never). Prints RSS at the end of each, in bytes. */
import { cleanupMemory, everyNthRound, getAllocator } from 'tidemark/memory'
import { allocateBlocks } from './blocks.mjs'

const cleanupRounds = Number(process.argv[2] ?? 0)
const rssBytes = []
for (let round = 1; round <= 10; round++) {
  const blocks = allocateBlocks()
  blocks.length = 0
  if (everyNthRound(cleanupRounds, round)) await cleanupMemory()
  rssBytes.push(process.memoryUsage.rss())
}
console.log(JSON.stringify({ allocator: getAllocator(), cleanupRounds, rssBytes }))
