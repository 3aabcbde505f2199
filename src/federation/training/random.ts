/** A stream of pseudo-random numbers: the same for a seed on every machine and every Node. */
export interface Random {
  /** Uniform over 0 (included) to 1 (excluded), in steps of 2^-32. */
  nextShare(): number
  /** Uniform over 0 to `below` - 1. */
  nextIndex(below: number): number
}

/**
 * One seed drives several things; each has a stream of its own, so that a change to one leaves the
 * others as they were.
 */
const STREAMS = ['weights', 'held-out', 'dealing'] as const
export type Stream = (typeof STREAMS)[number]

/** Any odd number does, as long as neighbouring seeds do not meet a stream of each other's. */
const STREAM_DISTANCE = 0x3c6ef373

/**
 * xoshiro128** 1.1 (Blackman and Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c), its
 * state filled by splitmix32 from the seed. Integer arithmetic alone, so nothing depends on how an
 * engine computes logarithms or sines.
 */
export function createRandom(seed: number, stream: Stream): Random {
  const nextSeed = splitmix32(seed + STREAMS.indexOf(stream) * STREAM_DISTANCE)
  let a = nextSeed()
  let b = nextSeed()
  let c = nextSeed()
  let d = nextSeed()

  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return result >>> 0
  }
  const nextShare = () => next() / 2 ** 32
  return { nextShare, nextIndex: (below) => Math.floor(nextShare() * below) }
}

/** The numbers from 0 to `count` - 1 in random order (Fisher and Yates). */
export function shuffledIndices(count: number, random: Random): number[] {
  const indices = Array.from({ length: count }, (_, index) => index)
  for (let end = count - 1; end > 0; end--) {
    const other = random.nextIndex(end + 1)
    const moved = indices[end]!
    indices[end] = indices[other]!
    indices[other] = moved
  }
  return indices
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

function splitmix32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
}
