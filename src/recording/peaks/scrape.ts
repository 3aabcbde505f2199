import type { TakenPeak } from '../../linux/cgroups/cgroup-peak.js'
import type { CgroupReading } from '../../linux/cgroups/cgroup-reading.js'
import type { PeakReader, ProcessPeak } from './peak-readers.js'
import type { TreeRounds } from './tree-rounds.js'

/** Readings for one scraper. */
export interface Scrape {
  /** Peaks since the scraper's previous request. */
  processes: ProcessPeak[]
  /** Reading of the program's own cgroup; null if it has none. */
  tree: (CgroupReading & { peak: TakenPeak | null }) | null
}

/** Reader for one scraper, which asks repeatedly. */
export interface ScrapeReader {
  read(): Scrape
  close(): void
}

/**
 * Opens the peaks of the processes and of the whole tree for one scraper; they are empty until a
 * recording runs.
 */
export function openScrape(
  recorder: { peakReader(): PeakReader; readonly tree: TreeRounds | null } | undefined,
): ScrapeReader {
  const processes = recorder?.peakReader()
  let tree = recorder?.tree?.open()
  return {
    read: () => {
      // The command enters its cgroup shortly after the recording begins.
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
