import type { jobOptions } from '../../../options/federation.js'
import type { OptionValues } from '../../../options/types/spec.js'
import type { TensorSpec } from '../../tensors/weights.js'
import { DIGIT_CLASSES, DIGIT_PIXELS } from '../digits/digits-shape.js'
import { createLinearModel } from './linear-model.js'
import { softmaxHead } from './loss.js'
import { createMlp } from './mlp.js'
import type { Model } from './model.js'

/** Options that determine the layout of a job's weights. */
export type ModelChoice = Pick<OptionValues<typeof jobOptions>, 'trainer' | 'model' | 'modelSize'>

/** 800 KiB of float32, the tensor size of the measurements in docs/how-it-measures.md. */
const ECHO_TENSOR_LENGTH = 204_800

/**
 * Returns the tensors of a job.
 *
 * An MLP gets the width that comes nearest to `modelSize`. Softmax regression has its 650 weights
 * whatever the size. Echo weights are tensors of 800 KiB and a last one with the rest, which add up
 * to `modelSize` within 4 bytes.
 */
export function modelSpecs(choice: ModelChoice): TensorSpec[] {
  if (choice.trainer === 'echo') return echoSpecs(choice.modelSize)
  const hidden = hiddenUnits(choice.modelSize)
  return choice.model === 'mlp'
    ? [
        tensor('hidden/weight', DIGIT_PIXELS, hidden),
        tensor('hidden/bias', hidden),
        tensor('output/weight', hidden, DIGIT_CLASSES),
        tensor('output/bias', DIGIT_CLASSES),
      ]
    : [tensor('output/weight', DIGIT_PIXELS, DIGIT_CLASSES), tensor('output/bias', DIGIT_CLASSES)]
}

/** Creates the model for the digits whose tensors {@link modelSpecs} returns. */
export function createModel(choice: ModelChoice): Model {
  const sizes = { features: DIGIT_PIXELS, outputs: DIGIT_CLASSES, head: softmaxHead(DIGIT_CLASSES) }
  return choice.model === 'mlp'
    ? createMlp({ ...sizes, hidden: hiddenUnits(choice.modelSize) })
    : createLinearModel(sizes)
}

/**
 * Returns the width for a model size. A hidden unit has a weight for each pixel, a bias, and a
 * weight for each class.
 */
function hiddenUnits(modelBytes: number): number {
  return Math.max(1, Math.round((modelBytes / 4 - DIGIT_CLASSES) / (DIGIT_PIXELS + 1 + DIGIT_CLASSES)))
}

function echoSpecs(modelBytes: number): TensorSpec[] {
  const values = Math.floor(modelBytes / 4)
  return Array.from({ length: Math.ceil(values / ECHO_TENSOR_LENGTH) }, (_, index) =>
    tensor(`block/${index}`, Math.min(ECHO_TENSOR_LENGTH, values - index * ECHO_TENSOR_LENGTH)),
  )
}

function tensor(name: string, ...shape: number[]): TensorSpec {
  return { name, dtype: 'F32', shape }
}
