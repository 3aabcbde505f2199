import { gatherWeights, type WeightsSource } from '../tensors/global-state.js'
import { type TensorSpec, tensorLength, type Weights } from '../tensors/weights.js'
import { DIGIT_PIXELS } from './digits/digits-shape.js'
import { REFERENCE_WIDTH } from './models/mlp.js'
import { type ModelChoice, modelSpecs } from './models/model-choice.js'
import { createRandom, type Random } from './random.js'

/** Values drawn at a time: 256 KiB. */
const PIECE_LENGTH = 65_536

/**
 * Returns the weights that a job begins with, the same for a seed on every machine.
 *
 * Weights are uniform over +-sqrt(6 / inputs of their layer), biases are zero (He et al. 2015,
 * arXiv:1502.01852, in its uniform form: it needs a square root, which all machines round alike; a
 * normal draw needs logarithms, which they do not).
 */
export function initialWeights(choice: ModelChoice, seed: number): Weights {
  return gatherWeights(drawWeights(choice, seed))
}

/** Draws the same weights in pieces on demand, so that they need not be in memory at once. */
export function drawWeights(choice: ModelChoice, seed: number): WeightsSource {
  const specs = modelSpecs(choice)
  return { specs, data: { [Symbol.iterator]: () => drawAll(specs, createRandom(seed, 'weights')) } }
}

function* drawAll(specs: readonly TensorSpec[], random: Random): Generator<Float32Array> {
  const piece = new Float32Array(PIECE_LENGTH)
  for (const spec of specs)
    for (let left = tensorLength(spec); left > 0; left -= piece.length) {
      const part = piece.subarray(0, Math.min(left, piece.length))
      drawPiece(part, spec, random)
      yield part
    }
}

function drawPiece(piece: Float32Array, spec: TensorSpec, random: Random): void {
  if (spec.name.endsWith('/bias')) piece.fill(0)
  else {
    const limit = Math.sqrt(6 / inputsOf(spec))
    for (let i = 0; i < piece.length; i++) piece[i] = (2 * random.nextShare() - 1) * limit
  }
}

/**
 * An MLP's hidden layer is scaled as if it had {@link REFERENCE_WIDTH} units. Softmax regression,
 * being convex, may begin anywhere near zero; echo weights stand for no layer.
 */
function inputsOf({ name }: TensorSpec): number {
  return name === 'output/weight' ? REFERENCE_WIDTH : DIGIT_PIXELS
}
