import { allocateTensor, type TensorSpec, type Weights } from '../weights/weights.js'
import { DIGIT_PIXELS } from './digits-shape.js'
import { REFERENCE_WIDTH } from './mlp.js'
import { type ModelChoice, modelSpecs } from './model-choice.js'
import { createRandom, type Random } from './random.js'

/**
 * The weights that a job begins with, the same for a seed on every machine.
 *
 * Weights are uniform over +-sqrt(6 / inputs of their layer), biases are zero (He et al. 2015, arXiv:1502.01852, in its uniform
 * form: it needs a square root, which all machines round alike, where a normal draw needs logarithms, which they do not).
 */
export function initialWeights(choice: ModelChoice, seed: number): Weights {
  const random = createRandom(seed, 'weights')
  const specs = modelSpecs(choice)
  return { specs, data: specs.map((spec) => drawTensor(spec, random)) }
}

function drawTensor(spec: TensorSpec, random: Random) {
  const data = allocateTensor(spec)
  if (spec.name.endsWith('/bias')) return data
  const limit = Math.sqrt(6 / inputsOf(spec))
  for (let i = 0; i < data.length; i++) data[i] = (2 * random.nextShare() - 1) * limit
  return data
}

/**
 * An MLP's hidden layer is scaled as if it had {@link REFERENCE_WIDTH} units. Softmax regression, being convex, may begin
 * anywhere near zero; echo weights stand for no layer.
 */
function inputsOf({ name }: TensorSpec): number {
  return name === 'output/weight' ? REFERENCE_WIDTH : DIGIT_PIXELS
}
