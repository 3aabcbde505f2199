import { rmSync } from 'node:fs'
import type { AggregationSettings } from '../../aggregation/aggregation.js'
import { SpoolFolder } from '../../aggregation/spool-folder.js'
import { SpooledAggregation } from '../../aggregation/spooled.js'
import { weightsDigest } from '../../tensors/digest.js'
import { FileState } from '../../tensors/file-state.js'
import { SafetensorsFile } from '../../tensors/safetensors/safetensors-file.js'
import { writeSource } from '../../tensors/safetensors/write-state-file.js'
import { type Weights, weightsBytes } from '../../tensors/weights.js'
import type { Merge } from './aggregation.js'

/**
 * Implements `--aggregation spooled` for a peer: in its turn, results wait in files, and the sum is
 * formed in a file and read back. The files belong to one turn. They are removed when it ends, or
 * when the next process starts after a kill. None counts again: the sender keeps a result until the
 * round commits.
 */
export class PeerSpool {
  readonly #folder: SpoolFolder
  /**
   * Counts this process's merges, so that no two share a file name when one is cut short by the
   * next.
   */
  #merges = 0

  /** Throws UsageError where the folder cannot be made or belongs to another process. */
  static async open(named: string | undefined, log: (line: string) => void): Promise<PeerSpool> {
    const folder = SpoolFolder.open(named)
    folder.clear()
    const warning = await folder.warning()
    if (warning !== undefined) log(`warning: ${warning}`)
    return new PeerSpool(folder)
  }

  private constructor(folder: SpoolFolder) {
    this.#folder = folder
  }

  /**
   * @param current what the sum adds a share of; undefined where that share is 0
   *
   * Throws TidemarkError where there is no room for these results, their sum and `current`.
   */
  async begin(settings: AggregationSettings, results: number, current: Weights | undefined): Promise<Merge> {
    const { spares, ...others } = settings
    const { round, attempt, specs } = others
    await this.#folder.assertRoom(current === undefined ? results : results + 1, weightsBytes(specs))
    const name = `round-${round}-${attempt}-${this.#merges++}`
    const outcomePath = this.#folder.pathOf(`${name}.safetensors`)
    // A result's name with a number that is never reached.
    const currentPath = this.#folder.pathOf(`${name}-result-${Number.MAX_SAFE_INTEGER}.safetensors`)
    const opened: FileState[] = []
    const note = (state: FileState) => {
      opened.push(state)
      return state
    }
    const aggregation = new SpooledAggregation(others, {
      left: [],
      resultPath: (number) => this.#folder.pathOf(`${name}-result-${number}.safetensors`),
      outcomePath,
      opened: note,
    })
    const combine = async () => {
      try {
        if (current !== undefined) await writeSource(currentPath, current, {})
        const state = current === undefined ? undefined : note(new FileState(new SafetensorsFile(currentPath), specs))
        const weights = await (await aggregation.combine(state)).load(await spares?.take())
        return { weights, digest: weightsDigest(weights) }
      } catch (error) {
        throw this.#folder.explain(error)
      } finally {
        for (const state of opened) state.close()
        for (const path of [currentPath, outcomePath]) rmSync(path, { force: true })
      }
    }
    return { aggregation, combine }
  }

  close(): void {
    this.#folder.close(false)
  }
}
