import { CgroupPeak, type CgroupPeakReader, type TakenPeak } from '../../linux/cgroups/cgroup-peak.js'
import { type CgroupReading, readCgroup } from '../../linux/cgroups/cgroup-reading.js'
import type { CgroupPlace } from '../../linux/memory/cgroup.js'
import { nowMs } from '../../shared/clock.js'
import type { PeakKind } from './peak-kind.js'

/** A line of `marks.ndjson` with the memory of the whole tree's cgroup in one round. */
export interface TreeRound extends CgroupReading {
  mark: 'tree'
  round: number
  startedMs: number
  timeMs: number
  /** Maximum memory charged to the cgroup in the round, including page cache and kernel memory. */
  peakBytes: number
  /**
   * `sampled`: the mark could not be reset at the end of the previous round, so the peak may be of
   * an earlier round.
   */
  peakKind: PeakKind
}

/**
 * Reads a program's memory cgroup at the end of each round: its peak, which is the peak of all
 * processes together at one moment, and its contents by type.
 */
export class TreeRounds {
  readonly #place: CgroupPlace
  readonly #peak: CgroupPeak
  readonly #append: (round: TreeRound) => void
  readonly #reader: CgroupPeakReader | undefined
  #startedMs = nowMs()
  #lastRound = Number.NEGATIVE_INFINITY
  #highestBytes = 0

  /** @param isNew true if the cgroup was empty before the program */
  constructor(place: CgroupPlace, { isNew, append }: { isNew: boolean; append(round: TreeRound): void }) {
    this.#place = place
    this.#peak = new CgroupPeak(place)
    this.#append = append
    this.#reader = this.#peak.open({ isNew })
  }

  /** Returns true if the kernel keeps a peak of the cgroup. */
  get hasPeak(): boolean {
    return this.#reader !== undefined
  }

  /** Highest peak of the rounds so far. */
  get highestBytes(): number {
    return this.#highestBytes
  }

  /**
   * Handles the end of a round, as the program or its log reports it. If processes report a round
   * one by one, the first report counts.
   */
  roundEnded(round: number): void {
    if (round <= this.#lastRound) return
    const taken = this.#reader?.take()
    if (taken === undefined || taken === null) return
    const timeMs = nowMs()
    this.#lastRound = round
    this.#highestBytes = Math.max(this.#highestBytes, taken.bytes)
    this.#append({
      mark: 'tree',
      round,
      startedMs: this.#startedMs,
      timeMs,
      peakBytes: taken.bytes,
      peakKind: taken.isExact ? 'exact' : 'sampled',
      ...readCgroup(this.#place),
    })
    this.#startedMs = timeMs
  }

  /** Opens a reader of the peak since its own previous request. */
  open(): CgroupPeakReader | undefined {
    return this.#peak.open({ isNew: true })
  }

  read(): CgroupReading {
    return readCgroup(this.#place)
  }

  /** Returns the peak since the last round, at the end of the recording. */
  close(): TakenPeak | null {
    const taken = this.#reader?.take() ?? null
    this.#reader?.close()
    this.#highestBytes = Math.max(this.#highestBytes, taken?.bytes ?? 0)
    return taken
  }
}
