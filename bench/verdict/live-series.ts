import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { mersenne } from 'pure-rand/generator/mersenne'
import { MIB } from '../../src/shared/units.js'

/** Drawn series that do not grow for ever, by what they do. */
export const KINDS = ['AR(1)', 'bounded walk', 'warm-up', 'saw-tooth', 'high-water heap'] as const
export type Kind = (typeof KINDS)[number]

export interface LiveSeries {
  bytes: number[]
  /** Rounds until less than a fifth of sigma is left of its warm-up; 0 without one. */
  warmUpRounds: number
}

const LEVEL_BYTES = 300 * MIB

/** A series of this kind about a level of 300 MiB, with noise of 0.5 to 3 MiB and a lag-1 correlation of 0, 0.3 or 0.6. */
export function seriesOf(kind: Kind, seed: number, rounds: number): LiveSeries {
  const draw = drawsOf(seed)
  const sigma = draw.between(0.5, 3) * MIB
  const noise = draw.noise(rounds, sigma, draw.oneOf([0, 0.3, 0.6]))
  const about = (mean: (t: number) => number, warmUpRounds = 0) => ({
    bytes: noise.map((value, t) => LEVEL_BYTES + value + mean(t)),
    warmUpRounds,
  })
  switch (kind) {
    case 'AR(1)':
      return about(() => 0)
    case 'bounded walk': {
      // Reflected where it would leave the room that there is, as a cache with a bound is.
      const room = draw.between(4, 20) * sigma
      let at = draw.between(0, room)
      const walk = noise.map(() => {
        at += draw.normal() * sigma * 0.7
        if (at < 0) at = -at
        if (at > room) at = 2 * room - at
        return at
      })
      return { bytes: walk.map((value) => LEVEL_BYTES + value), warmUpRounds: 0 }
    }
    case 'warm-up': {
      const height = draw.between(5, 40) * sigma
      const warmUpRounds = Math.round(rounds ** draw.between(0.3, 1))
      const tau = warmUpRounds / Math.log(height / (0.2 * sigma))
      return about((t) => -height * Math.exp(-t / tau), warmUpRounds)
    }
    case 'saw-tooth': {
      const period = Math.floor(draw.between(3, 31))
      const height = draw.between(3, 15) * sigma
      return about((t) => (height * (t % period)) / (period - 1))
    }
    case 'high-water heap': {
      // The allocator keeps what the largest round so far took: rounds of random size, up to a bound.
      const spread = draw.between(5, 40) * sigma
      let highest = 0
      const marks = noise.map(() => {
        highest = Math.max(highest, spread * draw.uniform() ** draw.oneOf([1, 2, 4]))
        return highest
      })
      return about((t) => marks[t]!)
    }
  }
}

/** A leak of so many sigma a round, with a noise of 1.5 MiB and a lag-1 correlation of 0.3. */
export function leakOf(share: number, seed: number, rounds: number): number[] {
  const draw = drawsOf(seed)
  const sigma = 1.5 * MIB
  return draw.noise(rounds, sigma, 0.3).map((value, t) => 100 * MIB + value + share * sigma * t)
}

function drawsOf(seed: number) {
  const generator = mersenne(seed)
  const uniform = () => uniformFloat64(generator)
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return {
    uniform,
    normal,
    between: (low: number, high: number) => low + (high - low) * uniform(),
    oneOf: <T>(items: readonly T[]) => items[Math.min(items.length - 1, Math.floor(uniform() * items.length))]!,
    noise(length: number, sigma: number, correlation: number): number[] {
      let before = normal() * sigma
      return Array.from({ length }, (_, t) => {
        if (t > 0) before = correlation * before + Math.sqrt(1 - correlation ** 2) * sigma * normal()
        return before
      })
    },
  }
}
