import { existsSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { collectOldGarbage } from '../../memory/old-generation.js'
import { killPoint } from '../kill-point.js'
import { FileState } from '../weights/file-state.js'
import type { GlobalState, WeightsSource } from '../weights/global-state.js'
import { SafetensorsFile } from '../weights/safetensors-file.js'
import { replaceFile, syncFolder, writeSource } from '../weights/write-state-file.js'
import type { AggregationSettings } from './aggregation.js'
import type { SpoolFolder } from './spool-folder.js'
import { SpooledAggregation } from './spooled.js'
import type { Storage } from './storage.js'

/** The committed state. It is replaced whole: whoever reads the one before goes on reading that. */
const STATE = 'state.safetensors'

/**
 * `--aggregation spooled`: the state and the results of the round at hand are files of one folder, and nothing else is in
 * it. What the last commit does not need any more is removed at once.
 */
export class SpoolStorage implements Storage {
  readonly #folder: SpoolFolder
  readonly #states = new Set<FileState>()
  /** Exchanges of the round at hand, over all its attempts. */
  #exchanges = 0
  #completedRounds = 0
  readonly #resumes: boolean

  /** @param resumes go on from what is in the folder, where there is something */
  constructor(folder: SpoolFolder, resumes = false) {
    this.#folder = folder
    this.#resumes = resumes
  }

  /** Of the job that is gone on with; 0 for one that begins. */
  get completedRounds(): number {
    return this.#completedRounds
  }

  async begin(initial: WeightsSource, completedRounds: number): Promise<GlobalState> {
    const path = this.#folder.pathOf(STATE)
    if (this.#resumes && existsSync(path)) {
      const state = this.#opened(new FileState(new SafetensorsFile(path), initial.specs))
      this.#completedRounds = Number(state.file.metadata.round ?? 0)
      for (const name of this.#folder.list()) if (name.endsWith('.part')) rmSync(this.#folder.pathOf(name))
      return state
    }
    this.#completedRounds = completedRounds
    this.#folder.clear()
    await replaceFile(path, (part) => writeSource(part, initial, { round: String(completedRounds) }))
    return this.#opened(new FileState(new SafetensorsFile(path), initial.specs))
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
      opened: (outcome) => this.#opened(outcome),
    })
  }

  /** The rename is the commit. */
  async commit(state: GlobalState): Promise<void> {
    const { file } = this.#own(state)
    killPoint('before-commit')
    await rename(file.path, this.#folder.pathOf(STATE))
    await syncFolder(this.#folder.path)
    killPoint('committed')
    this.#keepOnly(state)
    killPoint('spools-removed')
    collectOldGarbage()
  }

  async abandon(state: GlobalState): Promise<void> {
    this.#keepOnly(state)
  }

  assertRoom(clients: number, modelBytes: number): Promise<void> {
    return this.#folder.assertRoom(clients, modelBytes)
  }

  explain(error: unknown): unknown {
    return this.#folder.explain(error)
  }

  async close(keep: boolean): Promise<void> {
    this.#folder.close(keep)
  }

  #opened(state: FileState): FileState {
    this.#states.add(state)
    return state
  }

  #own(state: GlobalState): FileState {
    if (state instanceof FileState && this.#states.has(state)) return state
    throw new Error('a state that this storage has not made')
  }

  #keepOnly(kept: GlobalState): void {
    this.#exchanges = 0
    for (const state of this.#states) {
      if (state === kept) continue
      this.#states.delete(state)
      state.close()
    }
    for (const name of this.#folder.list()) if (name !== STATE) rmSync(this.#folder.pathOf(name), { force: true })
  }
}
