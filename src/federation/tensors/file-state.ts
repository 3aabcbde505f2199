import { giveBlockBack, takeBlock } from './buffer-pool.js'
import { assertFinite } from './finite.js'
import type { EncodedFile, GlobalState } from './global-state.js'
import type { SafetensorsFile } from './safetensors/safetensors-file.js'
import { encodeEntries, WeightsError } from './safetensors/safetensors-header.js'
import { entriesDifference } from './tensor-schema.js'
import { allocateUnfilledSet, bytesOf, type TensorSpec, type Weights } from './weights.js'

/** A global state in a file. At most two blocks for each reader are in memory. */
export class FileState implements GlobalState {
  readonly specs: readonly TensorSpec[]
  readonly file: SafetensorsFile

  /** Throws WeightsError where the file does not hold `specs`. */
  constructor(file: SafetensorsFile, specs: readonly TensorSpec[]) {
    const difference = entriesDifference(file.entries, specs)
    if (difference !== undefined) throw new WeightsError(`${file.path} is not of this model: ${difference}`)
    this.file = file
    this.specs = specs
  }

  encode(metadata?: Record<string, string>): EncodedFile {
    const { file } = this
    const head = encodeEntries(file.entries, metadata)
    return { byteLength: head.length + file.dataBytes, entries: file.entries, chunks: () => readChunks(file, head) }
  }

  /** Reads each tensor to its final place: intermediate buffers would be garbage of one M. */
  async load(into?: Weights): Promise<Weights> {
    const { file, specs } = this
    const places = new Map(file.entries.map((entry) => [entry.spec.name, entry.begin]))
    const data = into?.data ?? allocateUnfilledSet(specs)
    file.hold()
    try {
      for (const [tensor, spec] of specs.entries()) {
        await file.read(bytesOf(data[tensor]!), places.get(spec.name)!)
        assertFinite(data[tensor]!, spec)
      }
    } finally {
      file.release()
    }
    return { specs, data }
  }

  close(): void {
    this.file.close()
  }
}

/** The next block is read while the last one is sent. */
async function* readChunks(file: SafetensorsFile, head: Uint8Array): AsyncGenerator<Uint8Array> {
  const blocks = [takeBlock(), takeBlock()]
  let reading: Promise<Uint8Array> | undefined
  let offset = 0
  const startReading = (turn: number): Promise<Uint8Array> | undefined => {
    if (offset === file.dataBytes) return undefined
    const { bytes } = blocks[turn]!
    const block = bytes.subarray(0, Math.min(bytes.length, file.dataBytes - offset))
    const read = file.read(block, offset).then(() => block)
    offset += block.length
    // The sender may have stopped before this block.
    read.catch(() => {})
    return read
  }
  file.hold()
  try {
    reading = startReading(0)
    yield head
    for (let turn = 1; reading !== undefined; turn = 1 - turn) {
      const block: Uint8Array = await reading
      reading = startReading(turn)
      yield block
    }
  } finally {
    await reading?.catch(() => {})
    file.release()
    for (const block of blocks) giveBlockBack(block)
  }
}
