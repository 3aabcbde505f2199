import { labelOf } from '../../results/setting.js'
import { printableLine } from '../../shared/printable.js'
import { type FoldedAxis, foldedAxes } from '../../verdict/folded-axes.js'
import type { ReportModel } from '../html/report-model.js'
import type { Shown } from '../prose/answer-sentences.js'
import type { TerminalStyle } from './layout.js'
import { shortLabels } from './short-labels.js'

/** Most rows; more would push the answer out of sight. */
const MOST_ROWS = 12

/**
 * Returns the settings to show, without folded ones and at most {@link MOST_ROWS}: the baseline and
 * the choice, then those with the lowest peaks.
 */
export function shownOf(view: ReportModel, { width }: TerminalStyle): { shown: Shown; key: string[]; more: number } {
  const { comparison, summaries, choice } = view
  const folded = foldedAxes({ ...view, settings: comparison.settings, chosen: choice.label, looks: comparison.looks })
  const isKept = ({ values }: (typeof comparison.settings)[number]) =>
    folded.every(({ axis, kept }) => values[axis] === undefined || values[axis] === kept)
  const kept = comparison.settings.filter(isKept).map(({ label }) => label)
  const first = new Set([comparison.settings[0]?.label, choice.label])
  const peakOf = (label: string) =>
    summaries.find((summary) => summary.label === label)?.peakBytes?.median ?? Number.POSITIVE_INFINITY
  const ranked = [...kept].sort((a, b) => Number(first.has(b)) - Number(first.has(a)) || peakOf(a) - peakOf(b))
  const chosen = new Set(ranked.slice(0, MOST_ROWS))
  const labels = kept.filter((label) => chosen.has(label))
  const plain = comparison.settings.map((setting) => printableLine(withoutFolded(setting, folded)))
  const { labels: short, key } = shortLabels(
    plain.filter((_, i) => labels.includes(comparison.settings[i]!.label)),
    Math.max(16, Math.floor(width / 3)),
  )
  const names = new Map<string, string>()
  for (const { label } of comparison.settings) names.set(label, printableLine(label))
  for (const [i, label] of labels.entries()) names.set(label, short[i]!)
  return { shown: { labels, names, folded }, key, more: kept.length - labels.length }
}

function withoutFolded(
  { label, values }: { label: string; values: Record<string, string | number> },
  folded: FoldedAxis[],
): string {
  const words = folded.flatMap(({ axis }) => (values[axis] === undefined ? [] : [labelOf([axis], values)]))
  const rest = words.reduce((text, word) => ` ${text} `.replace(` ${word} `, ' ').trim(), label)
  return rest === '' ? label : rest
}
