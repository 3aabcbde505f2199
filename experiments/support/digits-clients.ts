import { partitionExamples } from '../../src/federation/training/data-partition.js'
import { examplesOf, readDigits, splitDigits } from '../../src/federation/training/digits/digits.js'
import { DIGIT_PIXELS } from '../../src/federation/training/digits/digits-shape.js'
import type { Examples } from '../../src/federation/training/examples.js'
import { createRandom, shuffledIndices } from '../../src/federation/training/random.js'
import { softmaxProblem } from './classify.js'

const digits = readDigits()
const { dealt, heldOut } = splitDigits()

/** The digits, tested on the 397 images that no client sees. */
export const digitsProblem = softmaxProblem(DIGIT_PIXELS, examplesOf(digits, heldOut))

/** The held-out images of these labels. */
export function heldOutOf(labels: readonly number[]): Examples {
  const hasOne = (image: number) => labels.includes(digits.labels[image]!)
  return examplesOf(digits, heldOut.filter(hasOne))
}

/**
 * A share of each client's examples at random and the rest sorted by label, as in Karimireddy et al. 2020: the sorted ones are
 * cut into one part a client. Each client's own are shuffled, since training takes them as they lie.
 */
export function dealPartlySorted(clients: number, { iidShare, seed }: { iidShare: number; seed: number }): Examples[] {
  const random = createRandom(seed, 'dealing')
  const images = shuffledIndices(dealt.length, random).map((position) => dealt[position]!)
  const own = Math.floor(images.length / clients)
  const atRandom = Math.round(own * iidShare)
  const mixed = images.slice(0, atRandom * clients)
  const sorted = images.slice(mixed.length).sort((a, b) => digits.labels[a]! - digits.labels[b]!)
  return Array.from({ length: clients }, (_, client) => {
    const part = [...partOf(mixed, client, clients), ...partOf(sorted, client, clients)]
    return examplesOf(
      digits,
      shuffledIndices(part.length, random).map((index) => part[index]!),
    )
  })
}

/** One client for each group of labels, with all the images of those. */
export function dealByLabels(groups: readonly (readonly number[])[], seed: number): Examples[] {
  const random = createRandom(seed, 'dealing')
  const images = shuffledIndices(dealt.length, random).map((position) => dealt[position]!)
  return groups.map((labels) =>
    examplesOf(
      digits,
      images.filter((image) => labels.includes(digits.labels[image]!)),
    ),
  )
}

/** All at random, as `--split iid` does it. */
export function dealAtRandom(clients: number, seed: number): Examples[] {
  const labels = dealt.map((image) => digits.labels[image]!)
  return partitionExamples(labels, { split: 'iid', seed, clients }).map((own) =>
    examplesOf(
      digits,
      own.map((position) => dealt[position]!),
    ),
  )
}

function partOf<T>(items: readonly T[], part: number, parts: number): T[] {
  const border = (at: number) => Math.floor((at * items.length) / parts)
  return items.slice(border(part), border(part + 1))
}
