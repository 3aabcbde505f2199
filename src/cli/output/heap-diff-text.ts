import { relative } from 'node:path'
import type { HeapDiff } from '../../recording/heap/heap-snapshots.js'
import { formatBytes } from '../../shared/units.js'

/** Constructors that a terminal can take; the recording holds the rest. */
const MOST = 10

/** The constructors that grew most, the one to look at first. */
export function heapDiffText({ pid, fromRound, toRound, files, constructors }: HeapDiff): string {
  const title = `what grew in the heap of pid ${pid} from round ${fromRound} to ${toRound}, by constructor`
  if (constructors.length === 0) return `${title}: nothing`
  const rows = constructors
    .slice(0, MOST)
    .map(({ name, objects, selfBytes, retainedBytes }) => [
      `+${formatBytes(retainedBytes)}`,
      `${selfBytes < 0 ? '' : '+'}${formatBytes(selfBytes)}`,
      `+${objects}`,
      name,
    ])
  const table = [['retained', 'own', 'objects', 'constructor'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)))
  const lines = table.map(
    ([retained, own, objects, name]) =>
      `  ${retained!.padStart(widths[0]!)}  ${own!.padStart(widths[1]!)}  ${objects!.padStart(widths[2]!)}  ${name}`,
  )
  const more = constructors.length - rows.length
  return [
    `${title}:`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more that grew less`] : []),
    `heaps, for the memory panel of Chrome's developer tools: ${files.map((file) => relative(process.cwd(), file)).join(' ')}`,
  ].join('\n')
}
