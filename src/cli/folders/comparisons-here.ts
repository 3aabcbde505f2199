import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { hasComparison, readComparison } from '../../comparison/run/comparison-folder.js'
import { isSuiteFolder } from '../../comparison/run/suite-folder.js'
import type { Comparison } from '../../results/comparison.js'
import { UsageError } from '../../shared/errors.js'
import { recordingsHere } from '../recordings-in-folder.js'

/** Folder of a comparison, or of a suite of several, at or below the current folder. */
export interface ComparisonHere {
  /** Path relative to the searched folder, for example `runs/fedavg-20261129-183000`. */
  name: string
  started: Date
  /** Undefined for a suite, and where comparison.json cannot be read. */
  comparison: Comparison | undefined
  /** Paths of the comparisons of a suite; empty for a comparison. */
  parts: string[]
}

/** Folder where `tidemark compare` puts its results. */
const RESULTS = 'runs'

/**
 * Finds comparisons in a folder and in its `runs/`, the oldest first.
 *
 * @param folder default: the current folder
 */
export function comparisonsHere(folder = '.'): ComparisonHere[] {
  const names = [...foldersIn(folder, ''), ...foldersIn(folder, RESULTS)]
  return names
    .flatMap((name): ComparisonHere[] => {
      const path = join(folder, name)
      if (isSuiteFolder(path)) return [{ name, started: changedAt(path), comparison: undefined, parts: partsOf(path) }]
      if (!hasComparison(path)) return []
      const comparison = readOrSkip(path)
      return [{ name, started: startOf(path, comparison), comparison, parts: [] }]
    })
    .sort((a, b) => a.started.getTime() - b.started.getTime() || (a.name < b.name ? -1 : 1))
}

/** Returns the folders of a suite's comparisons that have begun. */
export function partsOf(suite: string): string[] {
  return foldersIn(suite, '')
    .map((name) => join(suite, name))
    .filter(hasComparison)
}

/**
 * Returns the comparison, or the suite, that a path is a part of; undefined where there is none.
 */
export function comparisonAround(path: string): string | undefined {
  let folder = dirname(resolve(path))
  // A recording lies two folders below its comparison, in `trials/`.
  for (let level = 0; level < 3; level++) {
    if (hasComparison(folder) || isSuiteFolder(folder)) return folder
    folder = dirname(folder)
  }
  return undefined
}

/**
 * Returns the newest comparison or recording, for verbs called without one, and names it on
 * standard error.
 *
 * @throws UsageError when there is none
 */
export function newestResult(verb: string): string {
  const [newest] = [...recordingsHere(), ...comparisonsHere()]
    .filter((one) => !('kind' in one) || one.kind === 'tidemark')
    .sort((a, b) => b.started.getTime() - a.started.getTime())
  if (newest === undefined)
    throw new UsageError(`${verb}: the current folder holds no comparison and no recording of Tidemark`, {
      fix: 'Name a folder, or make one: tidemark compare fedavg, or tidemark run -- COMMAND',
    })
  process.stderr.write(`the newest: ${newest.name}\n`)
  return newest.name
}

function foldersIn(folder: string, below: string): string[] {
  const path = join(folder, below)
  if (!existsSync(path) || !statSync(path).isDirectory()) return []
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(below, entry.name)] : [],
  )
}

function readOrSkip(path: string): Comparison | undefined {
  try {
    return readComparison(path)
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}

function startOf(path: string, comparison: Comparison | undefined): Date {
  return comparison === undefined ? changedAt(path) : new Date(comparison.createdMs)
}

function changedAt(path: string): Date {
  return statSync(path).mtime
}
