import { CgroupPeak, type CgroupPeakReader, type TakenPeak } from '../../linux/cgroups/cgroup-peak.js'
import { type CgroupReading, readCgroup } from '../../linux/cgroups/cgroup-reading.js'
import type { CgroupPlace } from '../../linux/memory/cgroup.js'
import { nowMs } from '../../shared/clock.js'
import type { PeakKind } from './peak-kind.js'

/** A line of `marks.ndjson`: what the cgroup of the whole tree went through in one round. */
export interface TreeRound extends CgroupReading {
  mark: 'tree'
  round: number
  startedMs: number
  timeMs: number
  /** The most memory charged to the cgroup in the round, page cache and kernel memory included. */
  peakBytes: number
  /** `sampled`: the mark could not be reset at the end of the round before, so the peak may be of an earlier round. */
  peakKind: PeakKind
}

/**
 * Reads the memory cgroup of a program at the end of each round: its peak, which is the peak of all processes together at one
 * moment, and what it holds apart.
 */
export class TreeRounds {
  readonly #place: CgroupPlace
  readonly #peak: CgroupPeak
  readonly #append: (round: TreeRound) => void
  readonly #reader: CgroupPeakReader | undefined
  #startedMs = nowMs()
  #lastRound = Number.NEGATIVE_INFINITY
  #highestBytes = 0

  /** @param isNew nothing was in it before the program */
  constructor(place: CgroupPlace, { isNew, append }: { isNew: boolean; append(round: TreeRound): void }) {
    this.#place = place
    this.#peak = new CgroupPeak(place)
    this.#append = append
    this.#reader = this.#peak.open({ isNew })
  }

  /** Whether the kernel keeps a peak of it. */
  get hasPeak(): boolean {
    return this.#reader !== undefined
  }

  /** The highest peak of the rounds so far. */
  get highestBytes(): number {
    return this.#highestBytes
  }

  /** A round has ended, told by the program or its log. The first word of a round counts where processes tell it one by one. */
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

  /** For one who asks for the peak since he asked last. */
  open(): CgroupPeakReader | undefined {
    return this.#peak.open({ isNew: true })
  }

  read(): CgroupReading {
    return readCgroup(this.#place)
  }

  /** The peak since the last round, at the end of the recording. */
  close(): TakenPeak | null {
    const taken = this.#reader?.take() ?? null
    this.#reader?.close()
    this.#highestBytes = Math.max(this.#highestBytes, taken?.bytes ?? 0)
    return taken
  }
}
