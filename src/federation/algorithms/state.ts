import type { WeightsSource } from '../tensors/global-state.js'
import { partOf } from '../tensors/tensor-prefix.js'
import { allocateTensor, type TensorData, type TensorSpec, tensorLength, type Weights } from '../tensors/weights.js'
import type { Algorithm } from './algorithm.js'

/** The part of a state that is the model, for algorithms that keep more. */
const MODEL = 'model'

type Stateful = Pick<Algorithm, 'stateSpecs'>

export function stateSpecs({ stateSpecs }: Stateful, model: readonly TensorSpec[]): readonly TensorSpec[] {
  return stateSpecs?.(model) ?? model
}

/** The state that a job begins with: the model, then zeros, never all of it in memory. */
export function initialState({ stateSpecs }: Stateful, model: WeightsSource): WeightsSource {
  if (stateSpecs === undefined) return model
  const specs = stateSpecs(model.specs)
  return { specs, data: { [Symbol.iterator]: () => modelThenZeros(model, specs.slice(model.specs.length)) } }
}

/** Values in one piece of zeros: 256 KiB in float32. */
const PIECE_LENGTH = 65_536

function* modelThenZeros(model: WeightsSource, others: readonly TensorSpec[]): Generator<TensorData> {
  yield* model.data
  for (const spec of others)
    for (let left = tensorLength(spec); left > 0; left -= PIECE_LENGTH)
      yield allocateTensor({ ...spec, shape: [Math.min(left, PIECE_LENGTH)] })
}

/** Returns the global model within a state. */
export function modelOf({ stateSpecs }: Stateful, state: Weights): Weights {
  return stateSpecs === undefined ? state : partOf(state, MODEL)
}
