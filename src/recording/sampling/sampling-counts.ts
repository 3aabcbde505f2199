import type { FailedReading } from '../../linux/files/proc-file.js'
import type { SamplingFacts } from '../recording.js'

/** Counts readings, and the processes that were seen or could not be read. */
export class SamplingCounts {
  /** Readings of RSS by their result. */
  readonly readings = { read: 0, gone: 0, unreadable: 0 }
  seen = 0
  /** Processes that ended before they could be read. */
  vanished = 0
  #unreadable = 0
  readonly #unreadableCodes: Record<string, number> = {}

  /** Counts a process whose files could not be opened. */
  notOpened(failed: FailedReading): void {
    if (failed.kind === 'gone') {
      this.vanished++
      return
    }
    this.#unreadable++
    this.#unreadableCodes[failed.code] = (this.#unreadableCodes[failed.code] ?? 0) + 1
  }

  /** @param alsoVanished processes that the search for descendants saw end */
  facts(alsoVanished: number): Pick<SamplingFacts, 'readings' | 'processes'> {
    return {
      readings: { ...this.readings },
      processes: {
        seen: this.seen,
        vanished: this.vanished + alsoVanished,
        unreadable: this.#unreadable,
        ...(this.#unreadable > 0 && { unreadableCodes: { ...this.#unreadableCodes } }),
      },
    }
  }
}
