import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HeapGrowth } from '../../recording/heap/heap-growth.js'

/** What grew in the trial of a setting in which the heap was measured. */
export interface HeapTrial {
  setting: string
  /** Of the recording, relative to the comparison's folder. */
  folder: string
  processes: HeapGrowth[]
}

/** In the folder of the comparison. */
export const HEAP_TRIALS_FILE = 'heap-diff.json'

/** What `--heap-diff` has written into the folder of a comparison; nothing where it was not given, or the file cannot be read. */
export function readHeapTrials(folder: string): HeapTrial[] {
  try {
    return JSON.parse(readFileSync(join(folder, HEAP_TRIALS_FILE), 'utf8')) as HeapTrial[]
  } catch {
    return []
  }
}
