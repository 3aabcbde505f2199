import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readWeights } from '../../../src/federation/tensors/safetensors/read-safetensors.js'
import { WeightsError } from '../../../src/federation/tensors/safetensors/safetensors-header.js'
import { encodeWeights } from '../../../src/federation/tensors/safetensors/write-safetensors.js'
import { allocateTensor, type TensorSpec, type Weights, weightsBytes } from '../../../src/federation/tensors/weights.js'

const anySpec = fc.record({
  name: fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
  dtype: fc.constantFrom('F32', 'F64'),
  shape: fc.array(fc.nat(4), { maxLength: 3 }),
}) satisfies fc.Arbitrary<TensorSpec>

const anySpecs = fc
  .uniqueArray(anySpec, { selector: (spec) => spec.name, maxLength: 6 })
  .filter((specs) => specs.every((spec) => spec.name !== '__metadata__'))

const anyWeights = anySpecs.map((specs): Weights => {
  const data = specs.map(allocateTensor)
  for (const [tensor, values] of data.entries())
    for (let i = 0; i < values.length; i++) values[i] = (i + 1) / (tensor + 3)
  return { specs, data }
})

function bytesOf(weights: Weights, metadata?: Record<string, string>): Buffer {
  return Buffer.concat([...encodeWeights(weights, metadata).chunks()])
}

/** The bytes in chunks of the given sizes, over and over, as a socket might cut them. */
function streamOf(bytes: Uint8Array, sizes: readonly number[] = [65_536]): Readable {
  const chunks: Uint8Array[] = []
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    chunks.push(bytes.subarray(start, start + size))
    start += size
  }
  return Readable.from(chunks, { objectMode: false })
}

function read(bytes: Uint8Array, expected?: readonly TensorSpec[], sizes?: readonly number[]): Promise<Weights> {
  return readWeights(streamOf(bytes, sizes), { maxBytes: 1e6, ...(expected === undefined ? {} : { expected }) })
}

/** A file with this header and `dataBytes` zeros behind it. */
function fileOf(header: string, dataBytes = 0): Buffer {
  const padded = header.padEnd(Math.ceil(Buffer.byteLength(header) / 8) * 8)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(padded)))
  return Buffer.concat([length, Buffer.from(padded), Buffer.alloc(dataBytes)])
}

function entry(name: string, begin: number, end: number, shape = [(end - begin) / 4]): string {
  return `${JSON.stringify(name)}:${JSON.stringify({ dtype: 'F32', shape, data_offsets: [begin, end] })}`
}

describe('weights that were written', () => {
  it('are read back the same, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyWeights,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        async (weights, sizes) => {
          const found = await read(bytesOf(weights), weights.specs, sizes)
          expect(found).toEqual(weights)
        },
      ),
    )
  })

  it('are as long as announced, and their numbers lie at multiples of their size', async () => {
    await fc.assert(
      fc.asyncProperty(anyWeights, async (weights) => {
        const bytes = bytesOf(weights)
        expect(bytes.length).toBe(encodeWeights(weights).byteLength)
        const headerLength = Number(bytes.readBigUInt64LE())
        expect(headerLength % 8).toBe(0)
        const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString()) as Record<
          string,
          { dtype: string; data_offsets: [number, number] }
        >
        for (const { dtype, data_offsets } of Object.values(header))
          expect(data_offsets[0] % (dtype === 'F64' ? 8 : 4)).toBe(0)
      }),
    )
  })

  it('are views of the tensors, not copies', () => {
    const data = new Float32Array(1000)
    const [, chunk] = encodeWeights({ specs: [{ name: 'a', dtype: 'F32', shape: [1000] }], data: [data] }).chunks()
    expect(chunk?.buffer).toBe(data.buffer)
  })

  it('may carry metadata, which a reader passes over', async () => {
    const weights: Weights = { specs: [{ name: 'a', dtype: 'F64', shape: [] }], data: [Float64Array.of(3)] }
    expect(await read(bytesOf(weights, { round: '4' }), weights.specs)).toEqual(weights)
  })
})

describe('a reader', () => {
  it('takes what the reference implementation wrote', async () => {
    // save({'b': arange(3, 'f4'), 'a': [[0.1, 0.2], [0.3, 0.4]], 'e': zeros((0, 3), 'f4'), 's': 3.5}) of Python's safetensors 0.8.0
    const file = new URL('../../fixtures/safetensors/written-by-python.safetensors', import.meta.url)
    const specs: TensorSpec[] = [
      { name: 'a', dtype: 'F64', shape: [2, 2] },
      { name: 'b', dtype: 'F32', shape: [3] },
      { name: 'e', dtype: 'F32', shape: [0, 3] },
      { name: 's', dtype: 'F64', shape: [] },
    ]
    const data = [
      Float64Array.of(0.1, 0.2, 0.3, 0.4),
      Float32Array.of(0, 1, 2),
      new Float32Array(),
      Float64Array.of(3.5),
    ]
    expect(await read(readFileSync(file), specs)).toEqual({ specs, data })
  })

  it('refuses every file that is cut short or continues', async () => {
    await fc.assert(
      fc.asyncProperty(anyWeights, fc.nat(), async (weights, place) => {
        const bytes = bytesOf(weights)
        await expect(read(bytes.subarray(0, place % bytes.length), weights.specs)).rejects.toThrow(WeightsError)
        await expect(read(Buffer.concat([bytes, Buffer.alloc(1)]), weights.specs)).rejects.toThrow(WeightsError)
      }),
    )
  })

  it('takes any bytes as weights or refuses them, and fails in no other way', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyWeights,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        async (weights, changes) => {
          const bytes = bytesOf(weights)
          for (const [place, value] of changes) bytes[place % bytes.length] = value
          await read(bytes, weights.specs).catch((error: unknown) => expect(error).toBeInstanceOf(WeightsError))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('refuses any header that is not the expected one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (header) => {
        await expect(read(fileOf(header), [{ name: 'a', dtype: 'F32', shape: [1] }])).rejects.toThrow(WeightsError)
      }),
    )
  })

  const refused: [what: string, file: Buffer, message: RegExp][] = [
    ['a header that claims 1 TB', withLength(10n ** 12n), /claims 1000000000000 bytes, and at most/],
    ['the largest length there is', withLength(2n ** 64n - 1n), /claims 18446744073709551615 bytes/],
    ['a header of no bytes', withLength(0n), /must be a multiple of 8/],
    ['a header that is not padded', withLength(13n), /must be a multiple of 8/],
    [
      'text that is not UTF-8',
      Buffer.concat([fileOf('{}      ').subarray(0, 8), Buffer.alloc(8, 0xff)]),
      /not JSON in UTF-8/,
    ],
    ['a list', fileOf('[]'), /not a JSON object/],
    ['a header that begins with a space', fileOf(' {}'), /not a JSON object/],
    ['the same tensor twice', fileOf(`{${entry('a', 0, 4)},${entry('a', 0, 4)}}`, 4), /a key twice/],
    [
      'the same tensor twice, spelt in two ways',
      fileOf(`{${entry('a', 0, 4)},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
      /a key twice/,
    ],
    [
      'a shape given twice',
      fileOf('{"a":{"dtype":"F32","shape":[2],"shape":[1],"data_offsets":[0,4]}}', 4),
      /a key twice/,
    ],
    [
      'a gap between tensors',
      fileOf(`{${entry('a', 0, 4)},${entry('b', 8, 12)}}`, 12),
      /"b" starts at byte 8, .* ends at 4/,
    ],
    ['a gap before the first', fileOf(`{${entry('a', 4, 8)}}`, 8), /"a" starts at byte 4/],
    [
      'tensors that overlap',
      fileOf(`{${entry('a', 0, 8)},${entry('b', 4, 12)}}`, 12),
      /"b" starts at byte 4, .* ends at 8/,
    ],
    [
      'data that does not fit the shape',
      fileOf(`{${entry('a', 0, 8, [3])}}`, 8),
      /"a" has 8 bytes of data, and its shape takes 12/,
    ],
    ['offsets the wrong way round', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4), /-4 bytes/],
    ['a negative size', fileOf('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4), /shape of tensor "a"/],
    [
      'a size with a fraction',
      fileOf('{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,2]}}', 2),
      /shape of tensor "a"/,
    ],
    [
      'a shape beyond all numbers',
      fileOf('{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,4]}}', 4),
      /its shape takes/,
    ],
    [
      'a number type that is not read',
      fileOf('{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}', 4),
      /number type "BF16"/,
    ],
    ['an unknown key', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4), /unknown key "x"/],
    [
      'float64 that is not aligned',
      fileOf(`{${entry('a', 0, 4)},"b":{"dtype":"F64","shape":[1],"data_offsets":[4,12]}}`, 12),
      /"b" starts at byte 4, which is no multiple of 8/,
    ],
    ['metadata that is not text', fileOf('{"__metadata__":{"round":4}}'), /__metadata__/],
    ['more than was allowed', fileOf(`{${entry('a', 0, 4_000_000)}}`, 8), /take 3.8 MiB, and at most 976.6 KiB/],
  ]

  it.each(refused)('refuses %s', async (_what, file, message) => {
    await expect(read(file)).rejects.toThrow(message)
    await expect(read(file)).rejects.toThrow(WeightsError)
  })

  it('refuses deep nesting without running out of stack', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    for (const header of [
      `{"a":${deep}}`,
      `{"a":{"dtype":${deep},"shape":[1],"data_offsets":[0,4]}}`,
      `{"__metadata__":{"a":${deep}}}`,
    ])
      await expect(read(fileOf(header))).rejects.toThrow(WeightsError)
  })

  it('refuses a file before it allocates what the file claims', async () => {
    const specs: TensorSpec[] = [{ name: 'a', dtype: 'F32', shape: [2 ** 40] }]
    expect(weightsBytes(specs)).toBe(2 ** 42)
    const file = fileOf(`{${entry('a', 0, 2 ** 42)}}`, 8)
    await expect(read(file)).rejects.toThrow('the tensors take 4096.00 GiB')
  })

  it('leaves the rest of the source to its caller', async () => {
    const source = streamOf(Buffer.concat([withLength(0n), Buffer.alloc(1000)]), [8])
    await expect(readWeights(source, { maxBytes: 1e6 })).rejects.toThrow(WeightsError)
    expect(source.destroyed).toBe(false)
    source.resume()
    await once(source, 'end')
  })

  it('passes on the error of a source that breaks off', async () => {
    const source = new Readable({ read() {} })
    source.push(Buffer.alloc(4))
    const reading = readWeights(source, { maxBytes: 1e6 })
    source.destroy(new Error('the cable was pulled'))
    await expect(reading).rejects.toThrow('the cable was pulled')
  })
})

function withLength(length: bigint): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64LE(length)
  return bytes
}
