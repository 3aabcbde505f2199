import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { partitionExamples } from '../../src/federation/training/data-partition.js'
import type { Examples } from '../../src/federation/training/examples.js'
import { UsageError } from '../../src/shared/errors.js'
import { type Problem, softmaxProblem } from './classify.js'

/** Where Debian's package puts it. */
const FOLDER = '/usr/share/datasets/fashion-mnist'
const PIXELS = 28 * 28
const BRIGHTEST = 255

export interface Fashion {
  problem: Problem
  /** Shares of the 60,000 training images, as `--split` deals the digits. */
  deal(clients: number, by: { split: 'iid' | 'label'; seed: number }): Examples[]
}

/** Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747). Throws UsageError where it is not installed. */
export function readFashion(): Fashion {
  if (!existsSync(FOLDER))
    throw new UsageError(`--fashion: Fashion-MNIST is not installed, there is no ${FOLDER}`, {
      fix: 'On Debian: apt-get install dataset-fashion-mnist (31 MB). The other experiments need nothing: npm run experiments',
    })
  const train = { images: readIdx('train-images-idx3-ubyte.gz', 16), labels: readIdx('train-labels-idx1-ubyte.gz', 8) }
  const test = { images: readIdx('t10k-images-idx3-ubyte.gz', 16), labels: readIdx('t10k-labels-idx1-ubyte.gz', 8) }
  const all = Array.from(test.labels.keys())
  return {
    problem: softmaxProblem(PIXELS, examplesOf(test, all)),
    deal: (clients, by) => partitionExamples(train.labels, { ...by, clients }).map((own) => examplesOf(train, own)),
  }
}

/** The bytes after the head of an IDX file (http://yann.lecun.com/exdb/mnist, "the IDX file format"). */
function readIdx(file: string, headBytes: number): Uint8Array {
  return gunzipSync(readFileSync(join(FOLDER, file))).subarray(headBytes)
}

function examplesOf(
  { images, labels }: { images: Uint8Array; labels: Uint8Array },
  indices: readonly number[],
): Examples {
  const features = new Float32Array(indices.length * PIXELS)
  for (const [index, image] of indices.entries())
    for (let i = 0; i < PIXELS; i++) features[index * PIXELS + i] = images[image * PIXELS + i]! / BRIGHTEST
  return { count: indices.length, features, targets: Float32Array.from(indices, (image) => labels[image]!) }
}
