import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { hasComparison, readComparison } from '../../comparison/run/comparison-folder.js'
import { WRITER_LOCK, writerOf } from '../../comparison/run/writer-lock.js'
import { messageOf, UsageError } from '../../shared/errors.js'
import { comparisonAround, partsOf } from './comparisons-here.js'

/** Files that a comparison, a suite and their reports write into their folders. */
const OWN_NAMES = new Set([
  'comparison.json',
  'plan.json',
  'suite.json',
  'report.html',
  'index.html',
  'summary.md',
  'overview.md',
  'figures',
  'trials',
  WRITER_LOCK,
])

/**
 * Checks that a path is no part of a comparison, which could not be judged or resumed without it.
 *
 * @throws UsageError where it is
 */
export function assertNoPart(path: string): void {
  const whole = comparisonAround(path)
  if (whole === undefined) return
  const name = relative(process.cwd(), whole) || '.'
  throw new UsageError(`${path} is a part of the comparison ${name}`, {
    fix: `Nothing was removed. Remove all of it (tidemark rm ${name}), or this part too with --force.`,
  })
}

/**
 * Checks that a comparison, or a suite of several, has ended and holds no files of others.
 *
 * @throws UsageError where it is still running or holds such files
 */
export function assertComparisonFolder(folder: string): void {
  const parts = partsOf(folder)
  for (const one of hasComparison(folder) ? [folder] : parts) {
    assertReadable(one)
    const writer = writerOf(one)
    if (writer !== undefined)
      throw new UsageError(`${one} still runs: it is being written by ${writer}`, {
        fix: 'Nothing was removed. Wait until it ends, or remove it anyway with --force.',
      })
  }
  for (const one of [folder, ...parts]) {
    const foreign = readdirSync(one).filter((name) => !isOwn(name) && !parts.includes(join(folder, name)))
    if (foreign.length > 0)
      throw new UsageError(`${one} holds files that no comparison wrote: ${foreign.slice(0, 3).join(', ')}`, {
        fix: 'Nothing was removed. Move them away, or remove them too with --force.',
      })
  }
}

/** Refuses a folder whose comparison.json is not one of ours: what else it holds is unknown. */
function assertReadable(folder: string): void {
  try {
    readComparison(folder)
  } catch (error) {
    throw new UsageError(`${folder} is no comparison: ${messageOf(error)}`, {
      fix: 'Nothing was removed. Remove it anyway with --force.',
      cause: error,
    })
  }
}

/**
 * Returns whether a file is one of ours. One that was being replaced when its writer was killed
 * ends in `.part`.
 */
function isOwn(name: string): boolean {
  return OWN_NAMES.has(name.replace(/\.part$/, ''))
}
