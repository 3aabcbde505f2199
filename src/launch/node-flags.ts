/**
 * How Node is started for a role, in trials as in the first line of the program (`src/cli/main.ts`), so that what V8 does for
 * itself over the first thirty rounds is not taken for growth of the server. On the default job they make RSS after a cleanup
 * 3 MiB lower, and level from the second round on, where it rose by 1.4 MiB; a round takes as long as before
 * (docs/how-it-measures.md, "Node's own warm-up"). For large weights a role goes back to V8's own budget (prepare-for-weights.ts).
 *
 * - One thread for compiling and collecting in the background instead of four, each of which has its stack and its arena.
 * - What the compiler wants to know of a function is noted from its first call on, not allocated when it has run a while.
 * - Functions are optimised that spend their time in loops over weights; not those that a few hundred requests have warmed.
 */
export const NODE_FLAGS: readonly string[] = [
  '--v8-pool-size=1',
  '--no-lazy-feedback-allocation',
  '--interrupt-budget=2000000',
]
