import { WeightsError } from './safetensors-header.js'
import { quote, type TensorData, type TensorSpec } from './weights.js'

/**
 * Index of the first value from `start` to `end` that is NaN or infinite, or -1.
 *
 * One addition a value: `x * 0` is 0 for every finite x and NaN for all others, and NaN stays in the sum. Four sums, since an
 * addition has to wait for the one before it.
 */
export function firstNonFinite(data: TensorData, start = 0, end = data.length): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  let i = start
  for (; i + 3 < end; i += 4) {
    a += data[i]! * 0
    b += data[i + 1]! * 0
    c += data[i + 2]! * 0
    d += data[i + 3]! * 0
  }
  for (; i < end; i++) a += data[i]! * 0
  if (a + b + c + d === 0) return -1
  for (i = start; i < end; i++) if (!Number.isFinite(data[i])) return i
  return -1
}

/** @throws WeightsError that names the first value that is not */
export function assertFinite(data: TensorData, { name }: TensorSpec): void {
  const index = firstNonFinite(data)
  if (index !== -1) throw new WeightsError(`tensor ${quote(name)} has the value ${data[index]} at index ${index}`)
}
