import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  allocateUnfilledSet,
  bytesOf,
  copyTensors,
  type TensorSpec,
  weightsBytes,
} from '../../../src/federation/tensors/weights.js'
import { loadNativeLibrary } from '../../../src/linux/native/native-library.js'
import { MIB } from '../../../src/shared/units.js'
import { needs } from '../../optional-parts.js'

const specsOf = (tensorMib: number): TensorSpec[] => [
  { name: 'odd', dtype: 'F32', shape: [3] },
  ...Array.from({ length: 8 }, (_, i): TensorSpec => ({ name: `w${i}`, dtype: 'F64', shape: [(tensorMib * MIB) / 8] })),
]

test.each([1, 5])('the tensors of a set of 8 times %d MiB share no byte, whatever block they lie in', (tensorMib) => {
  const specs = specsOf(tensorMib)
  const data = allocateUnfilledSet(specs)
  for (const [i, values] of data.entries()) values.fill(i + 1)
  for (const [i, values] of data.entries()) {
    expect(values.byteLength).toBe(weightsBytes([specs[i]!]))
    expect(values.every((value) => value === i + 1)).toBe(true)
  }
})

test('a copy has the values of each tensor, whether both sets lie alike or not', () => {
  const specs = specsOf(5)
  const data = allocateUnfilledSet(specs)
  for (const [i, values] of data.entries()) values.fill(i + 1)
  const reversed = allocateUnfilledSet(specs.toReversed()).toReversed()
  const small = specs.map(({ shape }, i) => (i === 0 ? new Float32Array(3) : new Float64Array(shape[0]!)))
  for (const into of [undefined, allocateUnfilledSet(specs), reversed, small]) {
    const copies = copyTensors({ specs, data }, into && { specs, data: into })
    if (into !== undefined) expect(copies).toBe(into)
    for (const [i, copy] of copies.entries()) {
      expect(copy.buffer).not.toBe(data[i]!.buffer)
      expect(Buffer.compare(bytesOf(copy), bytesOf(data[i]!))).toBe(0)
    }
  }
})

test(
  'a large set is one mapping in huge pages, so that it is had again cheaply once given back',
  needs('huge pages', 'koffi'),
  () => {
    const native = loadNativeLibrary()
    if (native.kind === 'absent') throw new Error(native.problem)
    const [, ...tensors] = allocateUnfilledSet(specsOf(5))
    const middle = native.koffi.address(tensors[4]!)
    const flags = /^VmFlags: (.*)$/m.exec(mappingOf(middle))![1]!.trim().split(' ')
    expect(flags).toContain('hg')
  },
)

/** What /proc/self/smaps tells of the mapping with this address. */
function mappingOf(address: bigint): string {
  const mappings = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  return mappings.find((text) => {
    const [from, to] = text.split(' ', 1)[0]!.split('-')
    return address >= BigInt(`0x${from}`) && address < BigInt(`0x${to}`)
  })!
}
