import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UsageError } from '../../shared/errors.js'
import type { FinishedComparison } from './compare-options.js'
import { hasComparison } from './comparison-folder.js'
import { type MergeOptions, mergeComparisons } from './merge.js'
import { makeSuiteFolder, readSuiteFolder, type SuiteFolder } from './suite-folder.js'

export interface Merged {
  folder: string
  merged: FinishedComparison[]
  /** Whether `folder` holds several comparisons, each in a folder of its own. */
  isSuite: boolean
}

/**
 * Joins the shards of one comparison, or of several comparisons that were run together, each with
 * its own.
 *
 * @throws UsageError as {@link mergeComparisons} does, and for parts of different suites
 */
export function mergeAll(folders: readonly string[], options: MergeOptions): Merged {
  if (folders.length < 2)
    throw new UsageError(`merge: ${folders.length === 0 ? 'no folder was' : 'one folder alone was'} named`, {
      fix: 'Name two or more: tidemark merge runs/shard-1 runs/shard-2 --out runs/whole',
    })
  const suites = folders.map(readSuiteFolder)
  if (suites.every((suite) => suite === undefined)) {
    const one = mergeComparisons(folders, options)
    return { folder: one.folder, merged: [one], isSuite: false }
  }
  const [first, ...others] = folders.map((folder, place) => suiteOf(folder, suites[place]))
  for (const other of others) refuseOtherSuite(first!, other)
  const plans = first!.comparisons.map(({ plan }) => plan)
  const { folder } = makeSuiteFolder(options.out, basename(first!.folder), { plans })
  const merged = plans.flatMap(({ name }) => {
    const begun = folders.map((part) => join(part, name)).filter(hasComparison)
    // A comparison that no part has begun is left to --resume of the whole.
    return begun.length === 0 ? [] : [mergeComparisons(begun, { ...options, out: join(folder, name) })]
  })
  return { folder, merged, isSuite: true }
}

function suiteOf(folder: string, suite: SuiteFolder | undefined): SuiteFolder {
  if (suite !== undefined) return suite
  throw new UsageError(`merge: ${folder} is not of the suite that the other folders are parts of`, {
    fix: 'Merge what the same command made with --shard 1/N to N/N.',
  })
}

function refuseOtherSuite(first: SuiteFolder, other: SuiteFolder): void {
  const names = ({ comparisons }: SuiteFolder) => comparisons.map(({ plan }) => plan.name)
  if (isDeepStrictEqual(names(first), names(other))) return
  throw new UsageError(
    `merge: ${first.folder} is of ${names(first).join(', ')}, and ${other.folder} of ${names(other).join(', ')}`,
    { fix: 'Merge what the same command made with --shard 1/N to N/N.' },
  )
}
