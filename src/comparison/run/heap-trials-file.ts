import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { HeapGrowth } from '../../recording/heap/heap-growth.js'
import { heapGrowthSchema } from '../../recording/heap/heap-growth-schema.js'
import { readStored } from '../../recording/storage/stored-file.js'

/** The growth found in the heap trial of a setting. */
export interface HeapTrial {
  setting: string
  /** Folder of the recording, relative to the comparison's folder. */
  folder: string
  processes: HeapGrowth[]
}

/** File of the heap trials in the comparison's folder. */
export const HEAP_TRIALS_FILE = 'heap-diff.json'

const schema = v.array(v.looseObject({ setting: v.string(), folder: v.string(), processes: v.array(heapGrowthSchema) }))

/**
 * Reads what `--heap-diff` wrote into the folder of a comparison. Returns nothing if it was not
 * given.
 *
 * @throws UsageError that names the place in the file if it is not as it was written
 */
export function readHeapTrials(folder: string): HeapTrial[] {
  const file = join(folder, HEAP_TRIALS_FILE)
  if (!existsSync(file)) return []
  return readStored(file, schema, 'file of heap trials of this version') as unknown as HeapTrial[]
}
