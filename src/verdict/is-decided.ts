import type { Comparison } from '../results/comparison.js'
import { type Choice, changesFromDefaults, chooseSetting } from './choose-setting.js'
import { type SettingSummary, summarizeSetting } from './difference/setting-summary.js'
import { judgeSetting, limitOf } from './difference/setting-verdict.js'

/** Trials of a setting at the first look: the fewest that give a useful estimate of the spread. */
export const FIRST_LOOK = 3

/**
 * Returns the setting to take. The memory of the machine does not count as a limit here, because no
 * setting was meant to keep it.
 */
export function choiceOf(comparison: Comparison, summaries: readonly SettingSummary[]): Choice {
  const { bytes, name } = limitOf(comparison)
  return chooseSetting(summaries, {
    limitBytes: name === 'the memory of the machine' ? null : bytes,
    changes: changesFromDefaults(comparison.settings),
    looks: comparison.looks,
  })
}

/**
 * Tells whether more trials would change nothing: every expectation is met or not met, and no other
 * setting may still turn out to be better than the chosen one. Settings whose trials all failed are
 * left out, because more of them would fail as well.
 */
export function isDecided(comparison: Comparison): boolean {
  const { settings, trials, judge, looks } = comparison
  if (looks === undefined) return false
  const summaries = settings.map(({ label }) =>
    summarizeSetting(
      label,
      trials.filter(({ setting }) => setting === label),
      { judge },
    ),
  )
  const able = summaries.filter((summary) => summary.trials > 0)
  if (able.length === 0 || able.some((summary) => summary.trials < looks.first)) return false
  const areShapesDecided = able.every((summary) => judgeSetting(comparison, summary).expectation?.state !== 'undecided')
  if (!areShapesDecided) return false
  const { label, open } = choiceOf(comparison, summaries)
  return able.length === 1 || (label !== null && open.length === 0)
}
