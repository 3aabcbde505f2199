import { WeightsError } from './safetensors-header.js'
import { quote, type TensorData, type TensorSpec } from './weights.js'

/**
 * Index of the first value from `start` to `end` that is NaN or infinite, or -1.
 *
 * One addition a value: a sum that is finite has only finite terms. Four sums, since an addition has to wait for the one
 * before it. Finite float64 values may add up to infinity, float32 ones cannot; a second look at each decides.
 */
export function firstNonFinite(data: TensorData, start = 0, end = data.length): number {
  // Not taken out of an array: V8 would then keep each sum as an object of the heap, and make a new one at every addition.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = start
  for (; i + 3 < end; i += 4) {
    a += data[i]!
    b += data[i + 1]!
    c += data[i + 2]!
    d += data[i + 3]!
  }
  for (; i < end; i++) a += data[i]!
  if (Number.isFinite(a + b + c + d)) return -1
  for (i = start; i < end; i++) if (!Number.isFinite(data[i])) return i
  return -1
}

/** @throws WeightsError that names the first value that is not */
export function assertFinite(data: TensorData, { name }: TensorSpec): void {
  const index = firstNonFinite(data)
  if (index !== -1) throw new WeightsError(`tensor ${quote(name)} has the value ${data[index]} at index ${index}`)
}
