import { linkSync, renameSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { collectOldGarbage } from '../../memory/old-generation.js'
import { replaceFileBy, syncFolder } from '../../shared/atomic-write.js'
import { UsageError } from '../../shared/errors.js'
import { failpoint } from '../failpoint.js'
import { FileState } from '../tensors/file-state.js'
import type { GlobalState, WeightsSource } from '../tensors/global-state.js'
import { SafetensorsFile } from '../tensors/safetensors/safetensors-file.js'
import { writeSource } from '../tensors/safetensors/write-state-file.js'
import type { AggregationSettings } from './aggregation.js'
import { isWhole } from './spool-checksum.js'
import type { SpoolFolder } from './spool-folder.js'
import { SpooledAggregation } from './spooled.js'
import type { Storage } from './storage.js'

/** The committed state. It is replaced whole; readers of the previous one continue with that. */
export const STATE = 'state.safetensors'

/** The previous state once it has no readers. The next one is written over it. */
const SPARE = 'spare.safetensors'

export interface SpoolStorageOptions {
  resumes?: boolean
  onDropped?: (what: string) => void
}

/**
 * Implements `--aggregation spooled`: the state and the current round's results are files in one
 * folder. Files that the last commit no longer needs are removed at once.
 */
export class SpoolStorage implements Storage {
  readonly #folder: SpoolFolder
  readonly #states = new Set<FileState>()
  #committed: FileState | undefined
  #spareBytes = 0
  /** Exchanges of the current round, over all its attempts. */
  #exchanges = 0
  #completedRounds = 0
  readonly #resumes: boolean
  readonly #onDropped: (what: string) => void

  /**
   * @param resumes continue from the state in the folder
   * @param onDropped called for each file that a loss of power left incomplete
   */
  constructor(folder: SpoolFolder, { resumes = false, onDropped = () => {} }: SpoolStorageOptions = {}) {
    this.#folder = folder
    this.#resumes = resumes
    this.#onDropped = onDropped
  }

  /** Rounds of the resumed job; 0 for a new one. */
  get completedRounds(): number {
    return this.#completedRounds
  }

  async begin(initial: WeightsSource, completedRounds: number): Promise<GlobalState> {
    const path = this.#folder.pathOf(STATE)
    if (this.#resumes) {
      if (!(await isWhole(path))) throw damaged(path)
      const state = this.#opened(new FileState(new SafetensorsFile(path), initial.specs))
      this.#completedRounds = Number(state.file.metadata.round ?? 0)
      await this.#dropIncomplete()
      this.#committed = state
      return state
    }
    this.#completedRounds = completedRounds
    this.#folder.clear()
    await replaceFileBy(path, (part) => writeSource(part, initial, { round: String(completedRounds) }))
    this.#committed = this.#opened(new FileState(new SafetensorsFile(path), initial.specs))
    return this.#committed
  }

  async #dropIncomplete(): Promise<void> {
    for (const name of this.#folder.list()) {
      if (name === STATE) continue
      const path = this.#folder.pathOf(name)
      if (name.endsWith('.part') || name === SPARE) rmSync(path)
      else if (!(await isWhole(path))) {
        rmSync(path)
        this.#onDropped(name)
      }
    }
  }

  openAggregation = (settings: AggregationSettings): SpooledAggregation => {
    const exchange = `round-${settings.round}-${settings.attempt}-${this.#exchanges++}`
    const result = new RegExp(`^${exchange}-result-\\d+\\.safetensors$`)
    return new SpooledAggregation(settings, {
      left: this.#folder
        .list()
        .filter((name) => result.test(name))
        .map((name) => this.#folder.pathOf(name)),
      resultPath: (number) => this.#folder.pathOf(`${exchange}-result-${number}.safetensors`),
      outcomePath: this.#folder.pathOf(`${exchange}.safetensors`),
      takeSpare: (path) => this.#takeSpare(path),
      opened: (outcome) => this.#opened(outcome),
    })
  }

  /** The rename is the commit. */
  async commit(state: GlobalState): Promise<void> {
    const own = this.#own(state)
    const spareBytes = this.#linkSpare()
    failpoint('before-commit')
    await rename(own.file.path, this.#folder.pathOf(STATE))
    await syncFolder(this.#folder.path)
    failpoint('committed')
    this.#committed = own
    this.#spareBytes = spareBytes
    this.#keepOnly(state)
    failpoint('spools-removed')
    collectOldGarbage()
  }

  async abandon(state: GlobalState): Promise<void> {
    this.#keepOnly(state)
  }

  assertRoom(clients: number, modelBytes: number): Promise<void> {
    return this.#folder.assertRoom(clients, modelBytes, this.#spareBytes)
  }

  explain(error: unknown): unknown {
    return this.#folder.explain(error)
  }

  async close(keep: boolean): Promise<void> {
    rmSync(this.#folder.pathOf(SPARE), { force: true })
    this.#folder.close(keep)
  }

  /**
   * Links the committed state, which is about to be replaced, under a second name, so the disk need
   * not free its blocks and find others. Returns its bytes, or 0 where it is still read or the file
   * system has no links.
   */
  #linkSpare(): number {
    const committed = this.#committed
    if (committed === undefined || committed.file.isRead) return 0
    const spare = this.#folder.pathOf(SPARE)
    try {
      rmSync(spare, { force: true })
      linkSync(this.#folder.pathOf(STATE), spare)
      return committed.file.dataBytes
    } catch {
      // On a disk that cannot be written, the following rename reports the error.
      return 0
    }
  }

  #takeSpare(path: string): void {
    if (this.#spareBytes === 0) return
    this.#spareBytes = 0
    renameSync(this.#folder.pathOf(SPARE), path)
  }

  #opened(state: FileState): FileState {
    this.#states.add(state)
    return state
  }

  #own(state: GlobalState): FileState {
    if (state instanceof FileState && this.#states.has(state)) return state
    throw new Error('a state that this storage has not made')
  }

  #keepOnly(only: GlobalState): void {
    this.#exchanges = 0
    for (const state of this.#states) {
      if (state === only) continue
      this.#states.delete(state)
      state.close()
    }
    const kept = this.#spareBytes > 0 ? [STATE, SPARE] : [STATE]
    for (const name of this.#folder.list()) if (!kept.includes(name)) rmSync(this.#folder.pathOf(name), { force: true })
  }
}

function damaged(path: string): UsageError {
  return new UsageError(`the job cannot be resumed: its state, ${path}, is damaged`, {
    fix: 'Put a copy of it back, or start the job again without --resume. With --checkpoint, the checkpoint has the weights of its last round.',
  })
}
