import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Seeded draws for calibration: the same numbers at every run. */
export function randomDraws(seed: number) {
  const generator = xoroshiro128plus(seed)
  const uniform = () => uniformFloat64(generator)
  /** Box and Muller (1958). */
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  const many = (count: number, draw: () => number) => Array.from({ length: count }, draw)
  return {
    uniform,
    normal,
    exponential: () => -Math.log(1 - uniform()),
    normals: (count: number, sd = 1) => many(count, () => sd * normal()),
    many,
  }
}

/** The share of `draws` repetitions in which the statement held. */
export function shareOf(draws: number, holds: () => boolean): number {
  let held = 0
  for (let i = 0; i < draws; i++) if (holds()) held++
  return held / draws
}
