import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readComparison } from '../comparison/run/comparison-folder.js'
import { UsageError } from '../shared/errors.js'
import { summarizeSetting } from '../verdict/difference/setting-summary.js'
import { settingToJudge } from '../verdict/difference/setting-verdict.js'
import type { RoundBytes } from '../verdict/series/round-series.js'
import type { AnalyzeOptions } from '../verdict/shape/analysis.js'

/** One setting of a comparison: its completed trials, judged together. */
export interface SettingToJudge {
  setting: string
  trials: RoundBytes[][]
  options: AnalyzeOptions
}

/** Whether a path is the folder of a comparison rather than of one recording. */
export function isComparison(path: string): boolean {
  return existsSync(join(path, 'comparison.json'))
}

/** @throws UsageError where a verb that takes a recording is given a comparison */
export function assertNoComparison(path: string, verb: string): void {
  if (!isComparison(path)) return
  throw new UsageError(`${verb}: ${path} is the folder of a comparison, which holds many recordings`, {
    fix: `Its figures are in ${join(path, 'report.html')}. One of its trials: tidemark ${verb} ${join(path, 'trials', '0001-...')}`,
  })
}

/**
 * What `tidemark compare` measured, setting by setting, so that it can be judged again: by another tolerance, limit or horizon.
 *
 * @returns no entry for a setting of which no trial was completed
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
