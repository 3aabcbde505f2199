import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HeapGrowth } from '../../recording/heap/heap-growth.js'

/** The growth found in the heap trial of a setting. */
export interface HeapTrial {
  setting: string
  /** Folder of the recording, relative to the comparison's folder. */
  folder: string
  processes: HeapGrowth[]
}

/** File of the heap trials in the comparison's folder. */
export const HEAP_TRIALS_FILE = 'heap-diff.json'

/**
 * Reads what `--heap-diff` wrote into the folder of a comparison. Returns nothing if it was not
 * given, or the file cannot be read.
 */
export function readHeapTrials(folder: string): HeapTrial[] {
  try {
    return JSON.parse(readFileSync(join(folder, HEAP_TRIALS_FILE), 'utf8')) as HeapTrial[]
  } catch {
    return []
  }
}
