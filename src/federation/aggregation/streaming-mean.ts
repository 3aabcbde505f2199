import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { writeAll } from '../../shared/atomic-write.js'
import { failpoint } from '../failpoint.js'
import { type Block, divideBlock, giveBlockBack, LARGE_BYTES, takeBlock } from '../tensors/buffer-pool.js'
import type { FileHeader, SafetensorsFile } from '../tensors/safetensors/safetensors-file.js'
import { canonicalEntries, encodeEntries, type TensorEntry } from '../tensors/safetensors/safetensors-header.js'
import { itemBytes, type TensorData, type TensorSpec, type TensorType } from '../tensors/weights.js'
import { meanIsNotFinite } from './mean-check.js'
import { combineTensor } from './weighted-sum.js'

/** A file of tensors and its share in each sum. A file with share 0 is not read. */
export interface CurveTerm {
  file: SafetensorsFile
  share(tensor: TensorSpec): number
  /** The result's client; undefined for the previous state. */
  client?: string
}

/** Memory for the blocks of all files together. */
const BUDGET_BYTES = 8 * 2 ** 20

/** Bytes written before a sync of them starts. */
const SYNC_BYTES = 4 * 2 ** 20

/** Below this size a read costs more than it brings. */
const LEAST_BYTES = 8192

/**
 * Writes `sum of share_i * term_i`, the terms added in order, as a safetensors file, and syncs it.
 * The sum is {@link combineTensor}'s, block by block, so it has the same bits as one over whole
 * tensors. While a block is summed, the next ones are read and the last one is written. An existing
 * file is overwritten, which spares the disk new blocks. Returns the header of the file.
 */
export async function writeMean(
  file: string,
  from: { round: number; specs: readonly TensorSpec[]; terms: readonly CurveTerm[]; metadata: Record<string, string> },
): Promise<FileHeader> {
  const { round, specs, terms, metadata } = from
  const entries = canonicalEntries(specs)
  const head = encodeEntries(entries, metadata)
  const memory = takeMemory(terms.length)
  const passes = passesOf(entries, terms, memory.blockBytes)
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT)
  let written: Promise<unknown> = handle.write(head, 0, head.length, 0)
  const readNext = (desk: PassBuffers): Promise<Pass | undefined> => {
    const { value: pass } = passes.next()
    const read = pass === undefined ? Promise.resolve(undefined) : readTerms(pass, terms, desk).then(() => pass)
    // It is awaited one block later; an earlier failure ends both.
    read.catch(() => {})
    return read
  }
  const disk = new EarlySync(handle)
  let reading = readNext(memory.desks[0])
  try {
    for (let turn = 0; ; turn = 1 - turn) {
      const pass = await reading
      if (pass === undefined) break
      const desk = memory.desks[turn]!
      reading = readNext(memory.desks[1 - turn]!)
      const index = addUp(pass, desk)
      if (index !== -1) throw notFinite({ round, entries, terms }, { pass, desk, index })
      failpoint('mean-begun')
      // One block at a time is on its way to the disk while the next is summed.
      await written
      written = writeAll(handle, desk.sum.bytes.subarray(0, pass.bytes), head.length + pass.begin)
      written.catch(() => {})
      disk.noteWritten(pass.bytes)
    }
    await written
    await cutOff(handle, head.length + (entries.at(-1)?.end ?? 0))
    await disk.finish()
    return { entries, metadata, headBytes: head.length }
  } finally {
    await Promise.allSettled([reading, written, disk.idle])
    memory.giveBack()
    await handle.close()
  }
}

/** Cuts off the rest of an overwritten file. */
async function cutOff(handle: FileHandle, bytes: number): Promise<void> {
  const { size } = await handle.stat()
  if (size > bytes) await handle.truncate(bytes)
}

/** Syncs a file while it is written, so that little remains at its end. */
class EarlySync {
  readonly #handle: FileHandle
  #writtenBytes = 0
  #syncing: Promise<unknown> | undefined
  #failure: unknown

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Settles when no sync is under way. */
  get idle(): Promise<unknown> {
    return Promise.resolve(this.#syncing)
  }

  /** One sync runs at a time; what is written meanwhile goes with the next. */
  noteWritten(bytes: number): void {
    this.#writtenBytes += bytes
    if (this.#writtenBytes < SYNC_BYTES || this.#syncing !== undefined) return
    this.#writtenBytes = 0
    this.#syncing = this.#handle
      .datasync()
      // The kernel reports a failed write once, to the next sync.
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => {
        this.#syncing = undefined
      })
  }

  /** Resolves once everything is on the disk. */
  async finish(): Promise<void> {
    await this.#syncing
    if (this.#failure !== undefined) throw this.#failure
    await this.#handle.datasync()
  }
}

/** A stretch of the file in which every term's bytes are contiguous and have one share. */
interface Pass {
  dtype: TensorType
  begin: number
  bytes: number
  shares: readonly number[]
  /** Position of each term's bytes, from its first tensor. */
  places: readonly number[]
}

function* passesOf(
  entries: readonly TensorEntry[],
  terms: readonly CurveTerm[],
  blockBytes: number,
): Generator<Pass, undefined> {
  for (const stretch of stretchesOf(entries, terms))
    for (let done = 0; done < stretch.bytes; done += blockBytes)
      yield {
        ...stretch,
        begin: stretch.begin + done,
        bytes: Math.min(blockBytes, stretch.bytes - done),
        places: stretch.places.map((place) => place + done),
      }
}

/** Joins neighbouring tensors, so that many small ones cost no more than a large one. */
function* stretchesOf(entries: readonly TensorEntry[], terms: readonly CurveTerm[]): Generator<Pass, undefined> {
  const placesIn = terms.map(({ file }) => placesOf(file, entries))
  let stretch: Pass | undefined
  for (const { spec, begin, end } of entries) {
    const shares = terms.map((term) => term.share(spec))
    const places = placesIn.map((places) => (places === undefined ? begin : places.get(spec.name)!))
    const next: Pass = { dtype: spec.dtype, begin, bytes: end - begin, shares, places }
    if (stretch !== undefined && isContinuedBy(stretch, next)) stretch.bytes += next.bytes
    else {
      if (stretch !== undefined) yield stretch
      stretch = next
    }
  }
  if (stretch !== undefined) yield stretch
}

/** Returns where a file has its tensors; undefined where that equals the written file. */
function placesOf(file: SafetensorsFile, entries: readonly TensorEntry[]): Map<string, number> | undefined {
  if (file.entries === entries) return undefined
  return new Map(file.entries.map(({ spec, begin }) => [spec.name, begin]))
}

function isContinuedBy(stretch: Pass, next: Pass): boolean {
  return (
    next.dtype === stretch.dtype &&
    next.shares.every((share, term) => share === stretch.shares[term]) &&
    next.places.every((place, term) => place === stretch.places[term]! + stretch.bytes)
  )
}

/** Memory for one pass: a block for each term and one for their sum. */
interface PassBuffers {
  terms: Block[]
  sum: Block
}

/** Takes memory for two passes at a time. */
function takeMemory(terms: number): {
  blockBytes: number
  desks: readonly [PassBuffers, PassBuffers]
  giveBack(): void
} {
  const count = 2 * (terms + 1)
  const fitting = 2 ** Math.floor(Math.log2(BUDGET_BYTES / count))
  const wanted = Math.min(LARGE_BYTES, Math.max(LEAST_BYTES, fitting))
  const taken: Block[] = []
  for (let bytes = 0; bytes < count * wanted; bytes += taken.at(-1)!.bytes.length) taken.push(takeBlock())
  // Slow clients may hold the large blocks.
  const blockBytes = Math.min(wanted, ...taken.map((block) => block.bytes.length))
  const parts = taken.flatMap((block) => divideBlock(block, blockBytes))
  const openDesk = (first: number): PassBuffers => ({
    terms: parts.slice(first, first + terms),
    sum: parts[first + terms]!,
  })
  return {
    blockBytes,
    desks: [openDesk(0), openDesk(terms + 1)],
    giveBack: () => {
      for (const block of taken) giveBlockBack(block)
    },
  }
}

async function readTerms(pass: Pass, terms: readonly CurveTerm[], desk: PassBuffers): Promise<void> {
  const { bytes, shares, places } = pass
  await Promise.all(
    terms.map(({ file }, term) =>
      shares[term] === 0 ? undefined : file.read(desk.terms[term]!.bytes.subarray(0, bytes), places[term]!),
    ),
  )
}

/** Returns the index of the first value of the sum that is not finite, or -1. */
function addUp({ dtype, bytes, shares }: Pass, desk: PassBuffers): number {
  const length = bytes / itemBytes(dtype)
  const valuesOf = (block: Block): TensorData => block.values[dtype].subarray(0, length)
  const target = valuesOf(desk.sum)
  const terms = shares
    .map((share, term) => ({ share, data: valuesOf(desk.terms[term]!) }))
    .filter(({ share }) => share !== 0)
  return combineTensor(target, { terms, current: target, keep: 0 })
}

function notFinite(
  { round, entries, terms }: { round: number; entries: readonly TensorEntry[]; terms: readonly CurveTerm[] },
  { pass, desk, index }: { pass: Pass; desk: PassBuffers; index: number },
): Error {
  const { dtype, shares } = pass
  const offset = pass.begin + index * itemBytes(dtype)
  const { spec, begin } = entries.find((entry) => entry.begin <= offset && offset < entry.end)!
  const parts = terms
    .map(({ client }, term) => ({ client, share: shares[term]!, data: desk.terms[term]!.values[dtype] }))
    .filter(({ share }) => share !== 0)
  const value = desk.sum.values[dtype][index]!
  return meanIsNotFinite(round, parts, {
    tensor: spec.name,
    index: (offset - begin) / itemBytes(dtype),
    at: index,
    value,
  })
}
