import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readComparison } from '../comparison/run/comparison-folder.js'
import { UsageError } from '../shared/errors.js'
import { summarizeSetting } from '../verdict/difference/setting-summary.js'
import { settingToJudge } from '../verdict/difference/setting-verdict.js'
import type { RoundBytes } from '../verdict/series/round-series.js'
import type { AnalyzeOptions } from '../verdict/shape/analysis.js'

/** One setting of a comparison, with its completed trials, which are judged together. */
export interface SettingToJudge {
  setting: string
  trials: RoundBytes[][]
  options: AnalyzeOptions
}

/** Returns whether a path is the folder of a comparison rather than of one recording. */
export function isComparison(path: string): boolean {
  return existsSync(join(path, 'comparison.json'))
}

/**
 * Checks that a verb that takes a recording is not given a comparison.
 *
 * @throws UsageError where it is
 */
export function assertNoComparison(path: string, verb: string): void {
  if (!isComparison(path)) return
  throw new UsageError(`${verb}: ${path} is the folder of a comparison, which holds many recordings`, {
    fix: `Its figures are in ${join(path, 'report.html')}. One of its trials: tidemark ${verb} ${join(path, 'trials', '0001-...')}`,
  })
}

/**
 * Returns the measurements of `tidemark compare`, setting by setting, so that they can be judged
 * again with another tolerance, limit or horizon.
 *
 * @returns no entry for a setting without a completed trial
 * @throws UsageError when the folder holds no comparison of this format
 */
export function comparisonToJudge(folder: string): SettingToJudge[] {
  const comparison = readComparison(folder)
  return comparison.settings.flatMap(({ label }) => {
    const own = comparison.trials.filter(({ setting }) => setting === label)
    const found = settingToJudge(comparison, summarizeSetting(label, own, { judge: comparison.judge }))
    return found === undefined ? [] : [{ setting: label, ...found }]
  })
}
