import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { mersenne } from 'pure-rand/generator/mersenne'

/**
 * Seeded draws of a simulation: the same numbers at every run. Mersenne mixes its seed: with a generator that is linear in it, as
 * xoroshiro is, seeds that follow each other begin with nearly the same numbers.
 */
export function drawsOf(seed: number) {
  const generator = mersenne(seed)
  const uniform = () => uniformFloat64(generator)
  /** Box and Muller (1958). */
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal }
}
