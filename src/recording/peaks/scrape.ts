import type { TakenPeak } from '../../linux/cgroups/cgroup-peak.js'
import type { CgroupReading } from '../../linux/cgroups/cgroup-reading.js'
import type { PeakReader, ProcessPeak } from './peak-readers.js'
import type { TreeRounds } from './tree-rounds.js'

/** What one scraper gets. */
export interface Scrape {
  /** Peaks since the same scraper asked before. */
  processes: ProcessPeak[]
  /** Of the program's own cgroup; null where it has none. */
  tree: (CgroupReading & { peak: TakenPeak | null }) | null
}

/** For one scraper, who asks again and again. */
export interface ScrapeReader {
  read(): Scrape
  close(): void
}

/** Peaks of the processes and of the whole tree, for one scraper; undefined as long as nothing is recorded. */
export function openScrape(
  recorder: { peakReader(): PeakReader; readonly tree: TreeRounds | null } | undefined,
): ScrapeReader {
  const processes = recorder?.peakReader()
  let tree = recorder?.tree?.open()
  return {
    read: () => {
      // The command enters its cgroup a moment after the recording has begun.
      tree ??= recorder?.tree?.open()
      const reading = recorder?.tree?.read()
      return {
        processes: processes?.read() ?? [],
        tree: reading === undefined ? null : { ...reading, peak: tree?.take() ?? null },
      }
    },
    close: () => {
      processes?.close()
      tree?.close()
    },
  }
}
