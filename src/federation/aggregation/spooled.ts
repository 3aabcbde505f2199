import { existsSync, renameSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { failpoint } from '../failpoint.js'
import { compareText } from '../rounds/sample.js'
import { FileState } from '../tensors/file-state.js'
import type { GlobalState } from '../tensors/global-state.js'
import { type FileHeader, SafetensorsFile } from '../tensors/safetensors/safetensors-file.js'
import { scanSafetensors } from '../tensors/safetensors/scan-safetensors.js'
import { encodeWeights } from '../tensors/safetensors/write-safetensors.js'
import { type TensorSpec, type Weights, weightsBytes } from '../tensors/weights.js'
import type { ResultClaim } from '../transport/messages.js'
import { type Aggregation, type AggregationSettings, type ReceivedResult, shareOf } from './aggregation.js'
import { SpoolSink } from './spool-sink.js'
import { writeMean } from './streaming-mean.js'

/** What the aggregation needs from its folder. */
export interface SpoolPlace {
  /** Results of this exchange that a killed server had acknowledged. */
  left: readonly string[]
  /** Returns the path of this exchange's n-th result. */
  resultPath(number: number): string
  /** Path of the next state. */
  outcomePath: string
  /** Moves an unused file there if one exists; the outcome is written over it. */
  takeSpare?(path: string): void
  /** Registers a state, which is closed when it is no longer needed. */
  opened(state: FileState): FileState
}

interface Spooled {
  claim: ResultClaim
  path: string
  /** Undefined for a result that a killed server wrote. */
  header: FileHeader | undefined
}

/**
 * Holds results in files and forms the next state in a file, block by block in the order of client
 * names: the same bits as `buffered` with ordered summation, with only a few blocks in memory. A
 * result gets its final name once it counts.
 */
export class SpooledAggregation implements Aggregation {
  readonly #settings: AggregationSettings
  readonly #place: SpoolPlace
  #results: Spooled[]
  #received: number

  constructor(settings: AggregationSettings, place: SpoolPlace) {
    this.#settings = settings
    this.#place = place
    this.#results = place.left.map((path) => ({ path, claim: readClaimOf(path), header: undefined }))
    this.#received = 1 + Math.max(-1, ...place.left.map((path) => Number(/(\d+)\.safetensors$/.exec(path)?.[1])))
  }

  get recovered(): ResultClaim[] {
    return this.#results.map(({ claim }) => claim)
  }

  get outcome(): { state: FileState; accepted: ResultClaim[] } | undefined {
    const { outcomePath, opened } = this.#place
    if (!existsSync(outcomePath)) return undefined
    const state = opened(new FileState(new SafetensorsFile(outcomePath), this.#settings.specs))
    return { state, accepted: JSON.parse(state.file.metadata.accepted ?? '[]') as ResultClaim[] }
  }

  async receive(given: Readable | Weights, claim: ResultClaim): Promise<ReceivedResult> {
    const source =
      given instanceof Readable ? given : Readable.from(encodeWeights(given).chunks(), { objectMode: false })
    const { specs, narrow } = this.#settings
    const path = this.#place.resultPath(this.#received++)
    const part = `${path}.part`
    const sink = await SpoolSink.open(part, source, { claim: JSON.stringify(claim) })
    try {
      await scanSafetensors(source, { expected: specs, maxBytes: weightsBytes(specs), narrow }, sink)
      await sink.finish()
    } catch (error) {
      rmSync(part, { force: true })
      throw error
    } finally {
      await sink.close()
    }
    const { header } = sink
    return {
      count: () => {
        try {
          renameSync(part, path)
        } catch (error) {
          rmSync(part, { force: true })
          throw error
        }
        this.#results.push({ claim, path, header })
      },
      drop: () => rmSync(part, { force: true }),
    }
  }

  /** @param current may be left out where the next state keeps nothing of it */
  async combine(current: GlobalState | undefined): Promise<FileState> {
    const { specs, metadata } = this.#settings
    const { outcomePath, opened } = this.#place
    const results = this.#results.sort((a, b) => compareText(a.claim.client, b.claim.client))
    const files = results.map(({ path, header }) => new SafetensorsFile(path, header))
    const accepted = JSON.stringify(results.map(({ claim }) => claim))
    let header: FileHeader
    try {
      this.#place.takeSpare?.(`${outcomePath}.part`)
      header = await writeMean(`${outcomePath}.part`, {
        round: this.#settings.round,
        specs,
        terms: this.#terms(results, files, current),
        metadata: { ...metadata, accepted },
      })
    } catch (error) {
      // Results stay for a restart; half a mean is useless to it.
      rmSync(`${outcomePath}.part`, { force: true })
      throw error
    } finally {
      for (const file of files) file.close()
    }
    failpoint('mean-written')
    await rename(`${outcomePath}.part`, outcomePath)
    return opened(new FileState(new SafetensorsFile(outcomePath, header), specs))
  }

  /** Runs in the thread pool: freeing the pages of a long file takes milliseconds. */
  async discard(): Promise<void> {
    const paths = this.#results.map(({ path }) => path)
    this.#results = []
    await Promise.all(paths.map((path) => rm(path, { force: true })))
  }

  #terms(results: readonly Spooled[], files: readonly SafetensorsFile[], current: GlobalState | undefined) {
    const { combination, specs } = this.#settings
    const accepted = results.map(({ claim }) => claim)
    const scaleOf = memoized((spec: TensorSpec) => combination.scale(accepted, spec))
    const terms = results.map(({ claim }, index) => ({
      file: files[index]!,
      client: claim.client,
      share: (spec: TensorSpec) => shareOf(scaleOf(spec), combination.weight(claim, spec)),
    }))
    if (current === undefined && specs.every((spec) => scaleOf(spec).keep === 0)) return terms
    if (!(current instanceof FileState)) throw new Error('the state of a spooled job lies in a file')
    return [{ file: current.file, share: (spec: TensorSpec) => scaleOf(spec).keep }, ...terms]
  }
}

function readClaimOf(path: string): ResultClaim {
  const file = new SafetensorsFile(path)
  try {
    return JSON.parse(file.metadata.claim ?? '{}') as ResultClaim
  } finally {
    file.close()
  }
}

function memoized<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>()
  return (key) => {
    if (!known.has(key)) known.set(key, compute(key))
    return known.get(key)!
  }
}
