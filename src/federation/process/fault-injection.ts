import { collectYoungGarbage } from '../../memory/garbage.js'
import { findNativeFunction } from '../../memory/native.js'
import { UsageError } from '../../shared/errors.js'

/** A deliberate memory fault of the server, applied after every round before it is measured. */
export type Fault = (round: number) => void

/**
 * Serves tests of what Tidemark says of a fault: `TIDEMARK_FAULT=leak:50%` makes the server leak
 * half an M a round. This file is loaded only then.
 *
 * | kind | effect, with the given per cent of M |
 * | --- | --- |
 * | `leak` | keeps that much every round |
 * | `cycles` | drops that much every round, in old objects that refer to each other |
 * | `fragments` | allocates small, growing blocks every round and frees every other one |
 * | `once` | keeps that much once, after half of the rounds |
 * | `spike` | takes that much and gives it back, every round |
 */
export function makeFault(text: string, { modelBytes, rounds }: { modelBytes: number; rounds: number }): Fault {
  const [, kind, percent] = /^(\w+):(\d+)%$/.exec(text) ?? []
  const make = kind === undefined ? undefined : FAULTS[kind]
  if (make === undefined)
    throw new UsageError(
      `TIDEMARK_FAULT: found "${text}", expected one of ${Object.keys(FAULTS).join(', ')} and a share of M`,
      {
        fix: 'For example TIDEMARK_FAULT=leak:50%',
      },
    )
  return make((modelBytes * Number(percent)) / 100, rounds)
}

/** Kept after the job too, when it is probed. */
const kept: Uint8Array[] = []

const FAULTS: Record<string, (bytes: number, rounds: number) => Fault> = {
  leak: (bytes) => () => kept.push(new Uint8Array(bytes).fill(1)),
  cycles: (bytes) => () => {
    // Numbers in plain arrays lie in V8's own heap, which is collected much later than array
    // buffers are.
    let before: unknown
    for (let made = 0; made < bytes; made += 8192) {
      const one: { values: number[]; before: unknown; itself?: unknown } = { values: new Array(1000).fill(0.5), before }
      one.itself = one
      before = one
    }
    // What a round held for its whole length is old when it is dropped, and young collections no
    // longer free it. Asking for the last of them keeps them all until then.
    for (let survived = 0; before !== undefined && survived < 2; survived++) collectYoungGarbage()
  },
  fragments: (bytes) => {
    const malloc = findNativeFunction('uintptr_t malloc(size_t size)')!
    const free = findNativeFunction('void free(uintptr_t block)')!
    const set = findNativeFunction('uintptr_t memset(uintptr_t block, int byte, size_t size)')!
    return (round) => {
      const size = 16_384 + 256 * round
      const blocks = Array.from({ length: Math.ceil((2 * bytes) / size) }, () => malloc(size))
      for (const [i, block] of blocks.entries()) if (i % 2 === 0) set(block, 1, size)
      for (const [i, block] of blocks.entries()) if (i % 2 === 0) free(block)
    }
  },
  once: (bytes, rounds) => (round) => {
    if (round === Math.ceil(rounds / 2)) kept.push(new Uint8Array(bytes).fill(1))
  },
  spike: (bytes) => {
    const malloc = findNativeFunction('uintptr_t malloc(size_t size)')!
    const free = findNativeFunction('void free(uintptr_t block)')!
    const set = findNativeFunction('uintptr_t memset(uintptr_t block, int byte, size_t size)')!
    return () => {
      const block = malloc(bytes)
      set(block, 1, bytes)
      free(block)
    }
  },
}
