import { WeightsError } from './safetensors-header.js'
import { quote, type TensorData, type TensorSpec } from './weights.js'

/**
 * Index of the first value from `start` to `end` that is NaN or infinite, or -1.
 *
 * One addition a value: `x * 0` is 0 for every finite x and NaN for all others, and NaN stays in the sum.
 */
export function firstNonFinite(data: TensorData, start = 0, end = data.length): number {
  let sum = 0
  for (let i = start; i < end; i++) sum += data[i]! * 0
  if (sum === 0) return -1
  for (let i = start; i < end; i++) if (!Number.isFinite(data[i])) return i
  return -1
}

/** @throws WeightsError that names the first value that is not */
export function assertFinite(data: TensorData, { name }: TensorSpec): void {
  const index = firstNonFinite(data)
  if (index !== -1) throw new WeightsError(`tensor ${quote(name)} has the value ${data[index]} at index ${index}`)
}
