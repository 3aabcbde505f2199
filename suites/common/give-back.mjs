/** Allocates 100 MB, drops them and cleans up, five times. Prints what RSS was in bytes, and what the cleanup cost. */
import { cleanupMemory, getAllocator } from 'tidemark/memory'
import { allocateBlocks } from './blocks.mjs'

const repeats = []
for (let repeat = 0; repeat < 5; repeat++) {
  const emptyBytes = process.memoryUsage.rss()
  const blocks = allocateBlocks()
  const filledBytes = process.memoryUsage.rss()
  blocks.length = 0
  repeats.push({ emptyBytes, filledBytes, cleanup: await cleanupMemory() })
}
console.log(JSON.stringify({ allocator: getAllocator(), repeats }))
