import { WeightsError } from './safetensors/safetensors-header.js'
import { firstNonFinite } from './value-loops.js'
import { quote, type TensorData, type TensorSpec } from './weights.js'

/** @throws WeightsError that names the first value that is NaN or infinite */
export function assertFinite(data: TensorData, { name }: TensorSpec): void {
  const index = firstNonFinite(data)
  if (index !== -1) throw new WeightsError(`tensor ${quote(name)} has the value ${data[index]} at index ${index}`)
}
