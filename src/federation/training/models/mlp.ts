import type { TensorData } from '../../tensors/weights.js'
import type { Head } from './loss.js'
import type { Batch, Model } from './model.js'

/**
 * Hidden units in a block: 64 rows of 1024 float32 weights are 256 KiB, which stay in the
 * second-level cache.
 */
const BLOCK = 1024

/**
 * Examples whose activations are held at a time. Larger batches are split, so that they take no
 * more memory.
 */
const GROUP = 16

/**
 * Width at which the hidden layer is not scaled. Learning rates near 0.1 train well at this width.
 */
export const REFERENCE_WIDTH = 512

/**
 * A multilayer perceptron with one hidden layer: z = s relu(x W1 + b1) W2 + b2, where s = sqrt(512
 * / hidden). The tensors are W1 [features, hidden], b1 [hidden], W2 [hidden, outputs] and b2
 * [outputs].
 *
 * The factor s makes training independent of the width (Jacot et al. 2018, arXiv:1806.07572): one
 * learning rate suits a model of 50 kB and one of 500 MB. Without it a step moves the outputs in
 * proportion to the width, and wide models diverge.
 *
 * The hidden layer may be millions of units wide. The model therefore walks it block by block, and
 * passes all examples of a group over one block before the next. The activations of a group (16 x
 * hidden) are the only scratch memory that grows with the width. Features that are zero, half of a
 * digit's pixels, and hidden units that are off cost nothing.
 */
export function createMlp(from: { features: number; hidden: number; outputs: number; head: Head }): Model {
  const { features, hidden, outputs, head } = from
  const scaleOfHidden = Math.sqrt(REFERENCE_WIDTH / hidden)
  const z = new Float64Array(outputs)
  const outputsOfGroup = new Float64Array(GROUP * outputs)
  const block = new Float64Array(BLOCK)
  const slopes = [0, 1, 2, 3].map(() => new Float64Array(BLOCK)) as Four<Float64Array>
  const nonZero = new Int32Array(features)
  /** Units of a block that are on, with room for one more than a block has. */
  const active = new Int32Array(BLOCK + 1)
  /** Allocated with the first gradient: classifying needs only a block at a time. */
  let activations: TensorData | undefined

  /**
   * Fills `outputsOfGroup`. Also fills `kept`, if given, with the scaled activations, row by row.
   */
  const forward = (weights: readonly TensorData[], { examples, start, end }: Batch, kept?: TensorData): void => {
    const [matrix1, bias1, matrix2, bias2] = weights as Four<TensorData>
    for (let e = 0; e < end - start; e++) outputsOfGroup.set(bias2, e * outputs)
    for (let from = 0; from < hidden; from += BLOCK) {
      const length = Math.min(BLOCK, hidden - from)
      for (let e = 0; e < end - start; e++) {
        for (let j = 0; j < length; j++) block[j] = bias1[from + j]!
        addRows(block, matrix1, { x: examples.features, at: (start + e) * features, from, length })
        for (let j = 0; j < length; j++) block[j] = Math.max(0, scaleOfHidden * block[j]!)
        if (kept) kept.set(block.subarray(0, length), e * hidden + from)
        addOutputs(e * outputs, matrix2, from, length)
      }
    }
  }

  /** Adds x W1 to the block, over the columns from `from` on, four rows of W1 in one pass. */
  const addRows = (
    block: Float64Array,
    matrix: TensorData,
    { x, at, from, length }: { x: TensorData; at: number; from: number; length: number },
  ): void => {
    let count = 0
    for (let i = 0; i < features; i++) if (x[at + i] !== 0) nonZero[count++] = i
    let n = 0
    for (; n + 4 <= count; n += 4) {
      const i0 = nonZero[n]!
      const i1 = nonZero[n + 1]!
      const i2 = nonZero[n + 2]!
      const i3 = nonZero[n + 3]!
      const x0 = x[at + i0]!
      const x1 = x[at + i1]!
      const x2 = x[at + i2]!
      const x3 = x[at + i3]!
      const w0 = i0 * hidden + from
      const w1 = i1 * hidden + from
      const w2 = i2 * hidden + from
      const w3 = i3 * hidden + from
      for (let j = 0; j < length; j++) {
        block[j]! += x0 * matrix[w0 + j]! + x1 * matrix[w1 + j]! + x2 * matrix[w2 + j]! + x3 * matrix[w3 + j]!
      }
    }
    for (; n < count; n++) {
      const i0 = nonZero[n]!
      const x0 = x[at + i0]!
      const w0 = i0 * hidden + from
      for (let j = 0; j < length; j++) block[j]! += x0 * matrix[w0 + j]!
    }
  }

  /**
   * Adds block W2 to the example's outputs, four rows of W2 in one pass. The block holds
   * activations by then.
   */
  const addOutputs = (to: number, matrix2: TensorData, from: number, length: number): void => {
    // This loop has no branch: the processor cannot predict which half of the units is on, and
    // wrong predictions would cost more than the sums.
    let count = 0
    for (let j = 0; j < length; j++) {
      active[count] = j
      count += Number(block[j]! > 0)
    }
    for (let k = 0; k < outputs; k++) z[k] = outputsOfGroup[to + k]!
    let n = 0
    for (; n + 4 <= count; n += 4) {
      const j0 = active[n]!
      const j1 = active[n + 1]!
      const j2 = active[n + 2]!
      const j3 = active[n + 3]!
      const a0 = block[j0]!
      const a1 = block[j1]!
      const a2 = block[j2]!
      const a3 = block[j3]!
      const w0 = (from + j0) * outputs
      const w1 = (from + j1) * outputs
      const w2 = (from + j2) * outputs
      const w3 = (from + j3) * outputs
      for (let k = 0; k < outputs; k++) {
        z[k]! += a0 * matrix2[w0 + k]! + a1 * matrix2[w1 + k]! + a2 * matrix2[w2 + k]! + a3 * matrix2[w3 + k]!
      }
    }
    for (; n < count; n++) {
      const a0 = block[active[n]!]!
      const w0 = (from + active[n]!) * outputs
      for (let k = 0; k < outputs; k++) z[k]! += a0 * matrix2[w0 + k]!
    }
    outputsOfGroup.set(z, to)
  }

  /**
   * Turns the outputs of the group into residuals times `scale`, and adds them to the gradient of
   * b2.
   */
  const takeResiduals = (bias2: TensorData, { examples, start, end }: Batch, scale: number): void => {
    for (let e = 0; e < end - start; e++) {
      z.set(outputsOfGroup.subarray(e * outputs, (e + 1) * outputs))
      head.residual(z, examples.targets, (start + e) * head.targetWidth)
      for (let k = 0; k < outputs; k++) {
        z[k]! *= scale
        bias2[k]! += z[k]!
      }
      outputsOfGroup.set(z, e * outputs)
    }
  }

  const backward = (
    gradient: readonly TensorData[],
    weights: readonly TensorData[],
    { examples, start, end }: Batch,
    kept: TensorData,
  ): void => {
    const [matrix1, bias1, matrix2] = gradient as Four<TensorData>
    for (let from = 0; from < hidden; from += BLOCK) {
      const length = Math.min(BLOCK, hidden - from)
      for (let e = 0; e < end - start; e += 4) {
        for (let lane = 0; lane < 4; lane++) {
          const slope = slopes[lane]!
          if (e + lane < end - start)
            takeSlopes(slope, { matrix2, bias1, weights2: weights[2]!, kept, e: e + lane, from, length })
          else slope.fill(0)
        }
        addOuterProducts(matrix1, { x: examples.features, first: start + e, last: end - 1, from, length })
      }
    }
  }

  /**
   * Computes one example's gradient with respect to a block of the hidden layer, and adds its part
   * to the gradients of W2 and b1.
   */
  const takeSlopes = (
    slope: Float64Array,
    at: {
      matrix2: TensorData
      bias1: TensorData
      weights2: TensorData
      kept: TensorData
      e: number
      from: number
      length: number
    },
  ): void => {
    const { matrix2, bias1, weights2, kept, e, from, length } = at
    for (let k = 0; k < outputs; k++) z[k] = outputsOfGroup[e * outputs + k]!
    for (let j = 0; j < length; j++) {
      const activation = kept[e * hidden + from + j]!
      let sum = 0
      if (activation > 0) {
        for (let k = 0, w = (from + j) * outputs; k < outputs; k++, w++) {
          sum += z[k]! * weights2[w]!
          matrix2[w]! += activation * z[k]!
        }
        sum *= scaleOfHidden
        bias1[from + j]! += sum
      }
      slope[j] = sum
    }
  }

  /** Adds x^T slopes of four examples to the gradient of W1 in one pass. */
  const addOuterProducts = (
    matrix1: TensorData,
    { x, first, last, from, length }: { x: TensorData; first: number; last: number; from: number; length: number },
  ): void => {
    const [s0, s1, s2, s3] = slopes
    const a0 = first * features
    const a1 = Math.min(first + 1, last) * features
    const a2 = Math.min(first + 2, last) * features
    const a3 = Math.min(first + 3, last) * features
    for (let i = 0; i < features; i++) {
      const x0 = x[a0 + i]!
      const x1 = x[a1 + i]!
      const x2 = x[a2 + i]!
      const x3 = x[a3 + i]!
      if (x0 === 0 && x1 === 0 && x2 === 0 && x3 === 0) continue
      const w = i * hidden + from
      for (let j = 0; j < length; j++) matrix1[w + j]! += x0 * s0[j]! + x1 * s1[j]! + x2 * s2[j]! + x3 * s3[j]!
    }
  }

  const sumOver = (weights: readonly TensorData[], batch: Batch, of: (targets: TensorData, at: number) => number) => {
    let sum = 0
    for (const group of groupsOf(batch)) {
      forward(weights, group)
      for (let example = group.start; example < group.end; example++) {
        const e = example - group.start
        z.set(outputsOfGroup.subarray(e * outputs, (e + 1) * outputs))
        sum += of(batch.examples.targets, example * head.targetWidth)
      }
    }
    return sum
  }

  return {
    addGradient: (gradient, weights, batch, scale) => {
      activations ??= roomLike(weights[0]!, GROUP * hidden)
      for (const group of groupsOf(batch)) {
        forward(weights, group, activations)
        takeResiduals(gradient[3]!, group, scale)
        backward(gradient, weights, group, activations)
      }
    },
    sumLoss: (weights, batch) => sumOver(weights, batch, (targets, at) => head.loss(z, targets, at)),
    countRight: (weights, batch) => sumOver(weights, batch, (targets, at) => (head.isRight(z, targets, at) ? 1 : 0)),
  }
}

type Four<T> = [T, T, T, T]

function* groupsOf({ examples, start, end }: Batch): Generator<Batch> {
  for (let from = start; from < end; from += GROUP) yield { examples, start: from, end: Math.min(from + GROUP, end) }
}

function roomLike(data: TensorData, length: number): TensorData {
  return data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
}
