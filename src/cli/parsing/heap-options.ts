import type { heapOptions } from '../../options/recording.js'
import type { OptionValues } from '../../options/types/spec.js'
import type { HeapDiffOptions } from '../../recording/heap/heap-order.js'
import { UsageError } from '../../shared/errors.js'
import type { CommandInput } from './command.js'

/**
 * Reads `--heap-diff` and its related options.
 *
 * @returns undefined where it was not given
 * @throws UsageError where only related options were
 */
export function readHeapOptions(verb: string, { options, given }: CommandInput): HeapDiffOptions | undefined {
  const { heapDiff, heapDepth, heapIgnore } = options as OptionValues<typeof heapOptions>
  if (heapDiff !== undefined) return { rounds: heapDiff, depth: heapDepth, ignore: heapIgnore }
  const alone = given.has('heapDepth') ? '--heap-depth' : given.has('heapIgnore') ? '--heap-ignore' : undefined
  if (alone === undefined) return undefined
  throw new UsageError(`${verb}: ${alone} needs --heap-diff`, { fix: 'Add it with a number of rounds: --heap-diff 5.' })
}
