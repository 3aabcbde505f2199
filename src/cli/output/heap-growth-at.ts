import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { readHeapDiff } from '../../recording/heap/heap-diff.js'
import type { HeapGrowth } from '../../recording/heap/heap-growth.js'
import type { HeapDiffOptions } from '../../recording/heap/heap-order.js'
import { readOutline } from '../../recording/storage/read-recording.js'
import { messageOf } from '../../shared/errors.js'

const GROWTH_FILE = 'heap-growth.json'
const FIGURE_FILE = 'heap-growth.svg'

/**
 * Finds the lines that grew in a recording with `--heap-diff`, and writes the result into its
 * folder.
 *
 * @param onNote called with a sentence for everything that is missing
 */
export async function heapGrowthAt(
  folder: string,
  heapDiff: HeapDiffOptions,
  onNote: (note: string) => void,
): Promise<HeapGrowth[]> {
  const { head, rounds } = readOutline(folder)
  // A command that ended at once was gone before its command line could be read.
  const processes = head.processes.map((one) =>
    one.command === '' ? { ...one, command: head.command.join(' ') } : one,
  )
  const growth = await readHeapDiff(folder, heapDiff, { processes, rounds, onNote })
  await storeHeapGrowth(folder, growth, onNote)
  return growth
}

/**
 * Writes the growth into the folder of the recording: as JSON, and as a flame graph where a line
 * grew.
 */
async function storeHeapGrowth(
  folder: string,
  growth: readonly HeapGrowth[],
  onNote: (note: string) => void,
): Promise<void> {
  if (growth.length === 0) return
  try {
    writeFileSync(join(folder, GROWTH_FILE), `${JSON.stringify(growth, null, 1)}\n`)
    if (growth.every(({ lines }) => lines.length === 0)) return
    const { heapFlameGraph } = await import('../../report/figures/heap-flame-graph.js')
    writeFileSync(join(folder, FIGURE_FILE), heapFlameGraph(growth))
  } catch (error) {
    onNote(`cannot write what grew into ${relative(process.cwd(), folder) || '.'}: ${messageOf(error)}`)
  }
}
