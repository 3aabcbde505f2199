import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder as makeFolders } from '../../linux/files/make-folder.js'
import { checkStored, readStoredText } from '../../recording/storage/stored-file.js'
import type { Comparison } from '../../results/comparison.js'
import { comparisonSchema } from '../../results/comparison-schema.js'
import { replaceFile } from '../../shared/atomic-write.js'
import { messageOf, systemErrorCode, UsageError } from '../../shared/errors.js'
import { shellWord } from '../../shared/text.js'
import type { ComparisonPlan } from '../plan/plan.js'

const RESULTS = 'comparison.json'
const PLAN = 'plan.json'

/**
 * Makes the folder of a new comparison.
 *
 * @param out the folder the user named; if absent, a new `runs/<name>-<local time>`
 * @throws UsageError when it is not empty or cannot be made
 */
export function makeFolder(out: string | undefined, name: string, now: Date): string {
  if (out === undefined) return makeDefaultFolder(name, now)
  const folder = out
  const fix = 'Name another one with --out.'
  try {
    makeFolders(folder)
    if (readdirSync(folder).length > 0)
      throw new UsageError(`the folder for the results, ${folder}, is not empty`, {
        fix: `${fix} To continue a comparison that was stopped, use --resume ${shellWord(folder)}.`,
      })
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    throw new UsageError(`cannot make the folder for the results, ${folder}: ${messageOf(error)}`, {
      fix,
      cause: error,
    })
  }
  return folder
}

/**
 * Makes a folder named by the time. If another comparison has taken that name, uses that of the
 * next second.
 */
function makeDefaultFolder(name: string, now: Date): string {
  const folder = join('runs', `${name}-${localTime(now)}`)
  try {
    makeFolders('runs')
    mkdirSync(folder)
    return folder
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST' && existsSync(folder))
      return makeDefaultFolder(name, new Date(now.getTime() + 1000))
    if (systemErrorCode(error) === undefined) throw error
    throw new UsageError(`cannot make the folder for the results, ${folder}: ${messageOf(error)}`, {
      fix: 'Name another one with --out.',
      cause: error,
    })
  }
}

/** Replaces comparison.json as a whole, so that a reader never sees half of it. */
export function saveComparison(folder: string, comparison: Comparison): void {
  writeWhole(join(folder, RESULTS), comparison)
}

/** Writes the plan, from which `--resume` continues. */
export function savePlan(folder: string, plan: ComparisonPlan): void {
  writeWhole(join(folder, PLAN), plan)
}

/**
 * Reads a comparison.
 *
 * @throws UsageError when the folder holds no comparison of this format
 */
export function readComparison(folder: string): Comparison {
  const file = join(folder, RESULTS)
  const what = 'comparison of this version'
  return checkStored(readJson(folder, file), comparisonSchema, { file, what }) as Comparison
}

/**
 * Reads a plan, unchecked, because a user may have edited it.
 *
 * @throws UsageError when the folder holds none
 */
export function readPlan(folder: string): unknown {
  return readJson(folder, join(folder, PLAN))
}

/**
 * Replaces a file as a whole.
 *
 * @throws UsageError when it cannot be written
 */
export function writeWhole(file: string, content: unknown): void {
  try {
    replaceFile(file, `${JSON.stringify(content, null, 1)}\n`)
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${messageOf(error)}`, {
      fix:
        systemErrorCode(error) === 'ENOSPC'
          ? 'The disk is full. Make room, then continue with --resume.'
          : 'Name another folder with --out.',
      cause: error,
    })
  }
}

/**
 * Reads a JSON file, unchecked.
 *
 * @throws UsageError when the file is missing or not JSON
 */
export function readJson(folder: string, file: string): unknown {
  try {
    return JSON.parse(readStoredText(file))
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (systemErrorCode(error) === 'ENOENT' && file === join(folder, PLAN) && hasComparison(folder))
      throw new UsageError(`${folder} has no ${PLAN}, without which it cannot be continued`, {
        fix: `Its results can be read: tidemark show ${shellWord(folder)}. For more trials, compare into another folder.`,
        cause: error,
      })
    if (systemErrorCode(error) === 'ENOENT')
      throw new UsageError(existsSync(folder) ? `${folder} holds no comparison` : `there is no folder ${folder}`, {
        fix: 'Name the folder of a comparison, which tidemark compare printed when it began: runs/<name>-<time>',
        cause: error,
      })
    throw new UsageError(`${folder} holds no comparison that can be read: ${messageOf(error)}`, {
      fix: `${file} is damaged. Restore it, or compare into another folder.`,
      cause: error,
    })
  }
}

/** Returns whether a comparison was begun in this folder. */
export function hasComparison(folder: string): boolean {
  return existsSync(join(folder, RESULTS))
}

/** Formats a time as `20260712-130509`, in local time. */
function localTime(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
}
