import { kernels } from './kernels/kernels.js'
import { WeightsError } from './safetensors/safetensors-header.js'
import { quote, type TensorData, type TensorSpec } from './weights.js'

/** Index of the first value from `start` to `end` that is NaN or infinite, or -1. */
export function firstNonFinite(data: TensorData, start = 0, end = data.length): number {
  return kernels().firstNonFinite(data, start, end)
}

/** @throws WeightsError that names the first value that is not */
export function assertFinite(data: TensorData, { name }: TensorSpec): void {
  const index = firstNonFinite(data)
  if (index !== -1) throw new WeightsError(`tensor ${quote(name)} has the value ${data[index]} at index ${index}`)
}
