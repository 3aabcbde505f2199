import { builtFunctions } from '../../../linux/native/compile-library.js'
import type { NativeFunction } from '../../../linux/native/native-library.js'
import type { TensorData } from '../weights.js'
import type { Kernels } from './kernel-set.js'

const FLAGS = ['-O3', '-ffp-contract=off']

/** A kernel for each number type. */
interface OfType {
  firstNonFinite: NativeFunction
  add: NativeFunction
  writePair: NativeFunction
  writeSums: NativeFunction
}

let looked: { found: Kernels | undefined } | undefined

/** Undefined where they cannot be had: no koffi, no C compiler, no folder to keep the library in. Looked for once. */
export function kernelsInC(): Kernels | undefined {
  looked ??= { found: look() }
  return looked.found
}

function look(): Kernels | undefined {
  const source = new URL('kernels.c', import.meta.url)
  const find = builtFunctions({ name: 'tidemark-kernels', source, flags: FLAGS, neededBy: 'fast sums of weights' })
  return find && bound(find)
}

function bound(find: (declaration: string) => NativeFunction): Kernels {
  const ofType = (type: string): OfType => ({
    firstNonFinite: find(`int64_t tidemark_first_non_finite_${type}(void *, int64_t, int64_t)`),
    add: find(`void tidemark_add_${type}(void *, void *, double, int64_t, int64_t)`),
    writePair: find(`void tidemark_write_pair_${type}(void *, void *, double, void *, double, int64_t, int64_t)`),
    writeSums: find(
      `void tidemark_write_sums_${type}(void *, void *, void *, double, void *, double, int64_t, int64_t)`,
    ),
  })
  const narrow = ofType('f32')
  const wide = ofType('f64')
  const of = (data: TensorData) => (data instanceof Float32Array ? narrow : wide)
  const mix = find('void tidemark_mix(void *, void *, int64_t, int64_t)')
  return {
    firstNonFinite: (data, start, end) => Number(of(data).firstNonFinite(data, start, end)),
    add: (sums, { share, data }, start, end) => {
      of(data).add(sums, data, share, start, end)
    },
    writePair: (target, [a, b], start, end) => {
      of(target).writePair(target, a.data, a.share, b.data, b.share, start, end)
    },
    writeSums: (target, sums, [a, b], start, end) => {
      of(target).writeSums(target, sums, a.data, a.share, b.data, b.share, start, end)
    },
    mix: (lanes, words, start, end) => {
      mix(lanes, words, start, end)
    },
  }
}
