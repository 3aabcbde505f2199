import { readComparison } from '../../comparison/run/comparison-folder.js'
import type { Point } from '../../report/downsample.js'
import { verdictWord } from '../../report/prose/behaviour.js'
import { changeText, type DiffRow, diffTable, factLines } from '../../report/prose/diff-text.js'
import { comparisonFactDifferences } from '../../report/prose/fact-differences.js'
import type { Comparison } from '../../results/comparison.js'
import { UsageError } from '../../shared/errors.js'
import { printableLine } from '../../shared/printable.js'
import { mib } from '../../shared/units.js'
import { median } from '../../statistics/median.js'
import { compareComparisons, type SettingBeforeAfter } from '../../verdict/compare-comparisons.js'
import { judgedRounds, type SettingSummary, type Spread } from '../../verdict/difference/setting-summary.js'
import { judgeSetting } from '../../verdict/difference/setting-verdict.js'
import type { Analysis } from '../../verdict/shape/analysis.js'
import type { Diff } from './diff-recordings.js'
import { overlaidChart } from './overlaid-chart.js'

/** Most charts; those of more settings would push the numbers off the screen. */
const MOST_CHARTS = 2

/**
 * Compares two comparisons, setting by setting.
 *
 * @throws UsageError where they have no common setting with a completed trial in each
 */
export function comparisonsDiff(before: string, after: string): Diff {
  const [a, b] = [readComparison(before), readComparison(after)]
  const compared = compareComparisons(a, b)
  if (compared.settings.length === 0)
    throw new UsageError(`diff: ${before} and ${after} have no setting in common that each completed a trial of`, {
      fix: `Found ${listOf(compared.onlyBefore)} before, and ${listOf(compared.onlyAfter)} after.`,
    })
  const facts = comparisonFactDifferences(a, b)
  const curves = compared.settings.map((pair) => ({
    pair,
    series: [
      { name: `before: ${pair.before.label}`, points: medianCurve(a, pair.before.label) },
      { name: `after: ${pair.after.label}`, points: medianCurve(b, pair.after.label) },
    ],
  }))
  const analyses = (pair: SettingBeforeAfter) => ({
    before: analysisOf(a, pair.before),
    after: analysisOf(b, pair.after),
  })
  return {
    text: () =>
      [
        `before  ${before} (${a.name}, ${trialsOf(compared.settings, 'before')})`,
        `after   ${after} (${b.name}, ${trialsOf(compared.settings, 'after')})`,
        ...curves.flatMap(({ pair, series }, i) => [
          '',
          titleOf(pair),
          ...(i < MOST_CHARTS ? [overlaidChart(series, { axis: 'rounds' }).trimEnd(), ''] : []),
          ...diffTable(rowsOf(pair, analyses(pair))),
        ]),
        '',
        ...(curves.length > MOST_CHARTS
          ? [`Charts of the first ${MOST_CHARTS} settings; -o FILE.html draws all of them.`]
          : []),
        ...only('before', compared.onlyBefore),
        ...only('after', compared.onlyAfter),
        ...factLines(facts),
        '',
      ].join('\n'),
    data: {
      kind: 'comparisons',
      settings: compared.settings.map((pair) => {
        const { before, after } = analyses(pair)
        return { ...pair, shape: { before: before?.shape ?? null, after: after?.shape ?? null } }
      }),
      onlyBefore: compared.onlyBefore,
      onlyAfter: compared.onlyAfter,
      facts,
    },
    figure: { axis: 'rounds', series: curves.flatMap(({ series }) => series), rounds: [], brackets: [], peaks: [] },
  }
}

/**
 * Returns the median end RSS of the completed trials by round. The chart counts a round as a
 * second.
 */
function medianCurve({ trials, judge }: Comparison, label: string): Point[] {
  const byRound = new Map<number, number[]>()
  for (const trial of trials.filter(({ setting, state }) => setting === label && state === 'completed'))
    for (const { round, end } of judgedRounds(trial, judge))
      byRound.set(round, [...(byRound.get(round) ?? []), end.rssBytes])
  return [...byRound].sort(([a], [b]) => a - b).map(([round, bytes]) => [round * 1000, median(bytes)])
}

function rowsOf(pair: SettingBeforeAfter, shape: Record<'before' | 'after', Analysis | null>): DiffRow[] {
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  const row = (name: string, of: keyof SettingSummary, format: (value: number) => string, change: string): DiffRow => {
    const text = (spread: Spread | null) => (spread === null ? '-' : format(spread.median))
    return {
      name,
      before: text(pair.before[of] as Spread | null),
      after: text(pair.after[of] as Spread | null),
      change,
    }
  }
  return [
    row('peak MiB', 'peakBytes', mib, changeText(pair.peak, mib)),
    row('end MiB', 'endRssBytes', mib, changeText(pair.endRss, mib)),
    row('round s', 'roundMs', seconds, changeText(pair.roundMs, seconds)),
    { name: 'verdict', before: verdictWord(shape.before), after: verdictWord(shape.after), change: '' },
  ]
}

function analysisOf(comparison: Comparison, summary: SettingSummary): Analysis | null {
  return judgeSetting(comparison, summary).analysis
}

function titleOf({ before, after }: SettingBeforeAfter): string {
  return printableLine(before.label === after.label ? before.label : `${before.label} before, ${after.label} after`)
}

function trialsOf(settings: readonly SettingBeforeAfter[], side: 'before' | 'after'): string {
  const counts = settings.map((pair) => pair[side].trials)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return `${least === most ? least : `${least} to ${most}`} ${most === 1 ? 'trial' : 'trials'} of each setting`
}

function only(side: string, labels: readonly string[]): string[] {
  return labels.length === 0 ? [] : [`Only ${side}: ${listOf(labels)}`]
}

function listOf(labels: readonly string[]): string {
  return labels.length === 0 ? 'nothing else' : labels.map(printableLine).join(', ')
}
