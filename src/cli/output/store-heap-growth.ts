import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { HeapGrowth } from '../../recording/heap/heap-growth.js'
import { messageOf } from '../../shared/errors.js'

const GROWTH_FILE = 'heap-growth.json'
const FIGURE_FILE = 'heap-growth.svg'

/** Writes what grew into the folder of the recording: as JSON, and as a flame graph where anything grew at a line. */
export async function storeHeapGrowth(
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
