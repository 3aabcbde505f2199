import type { Kernels } from './kernel-set.js'

// Four values a turn: what a turn costs besides its values is as much as two of them.

export const kernelsInJavaScript: Kernels = {
  /**
   * One addition a value: a sum that is finite has only finite terms. Four sums, since an addition has to wait for the one
   * before it. Finite float64 values may add up to infinity, float32 ones cannot; a second look at each decides.
   */
  firstNonFinite(data, start, end) {
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
  },

  add(sums, { share, data }, start, end) {
    let i = start
    for (let k = 0; i + 3 < end; i += 4, k += 4) {
      sums[k]! += share * data[i]!
      sums[k + 1]! += share * data[i + 1]!
      sums[k + 2]! += share * data[i + 2]!
      sums[k + 3]! += share * data[i + 3]!
    }
    for (; i < end; i++) sums[i - start]! += share * data[i]!
  },

  writePair(target, pair, start, end) {
    const [{ share: p, data: x }, { share: q, data: y }] = pair
    let i = start
    for (; i + 3 < end; i += 4) {
      target[i] = p * x[i]! + q * y[i]!
      target[i + 1] = p * x[i + 1]! + q * y[i + 1]!
      target[i + 2] = p * x[i + 2]! + q * y[i + 2]!
      target[i + 3] = p * x[i + 3]! + q * y[i + 3]!
    }
    for (; i < end; i++) target[i] = p * x[i]! + q * y[i]!
  },

  writeSums(target, sums, pair, start, end) {
    const [{ share: p, data: x }, { share: q, data: y }] = pair
    let i = start
    for (let k = 0; i + 3 < end; i += 4, k += 4) {
      target[i] = sums[k]! + p * x[i]! + q * y[i]!
      target[i + 1] = sums[k + 1]! + p * x[i + 1]! + q * y[i + 1]!
      target[i + 2] = sums[k + 2]! + p * x[i + 2]! + q * y[i + 2]!
      target[i + 3] = sums[k + 3]! + p * x[i + 3]! + q * y[i + 3]!
    }
    for (; i < end; i++) target[i] = sums[i - start]! + p * x[i]! + q * y[i]!
  },

  mix(lanes, words, start, end) {
    for (let i = start; i < end; i++) {
      const lane = (lanes[i & 31]! + Math.imul(words[i]!, 0x85ebca77)) | 0
      lanes[i & 31] = Math.imul((lane << 13) | (lane >>> 19), 0x9e3779b1)
    }
  },
}
