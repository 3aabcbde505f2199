import { mean } from '../statistics/mean.js'
import { median } from '../statistics/median.js'
import { holm } from '../statistics/tests/holm.js'
import { welch } from '../statistics/tests/welch.js'
import { LEVEL, TRIALS_TO_DECIDE } from './difference/compare-settings.js'
import type { SettingSummary, Spread } from './difference/setting-summary.js'
import { type Looks, shareOfEarlyStop, shareOfLook } from './looks.js'

/**
 * The criteria in the order in which they are applied. A later one decides only among the settings
 * that an earlier one left.
 */
export type ChoiceCriterion = 'limit' | 'peak' | 'end RSS' | 'round time' | 'fewest changes'

/** The chosen setting and the criterion that decided. */
export interface Choice {
  /**
   * Label of the choice; null where nothing was compared, or too few trials were completed to
   * distinguish settings.
   */
  label: string | null
  /** The last criterion that excluded another setting; null without a choice. */
  decidedBy: ChoiceCriterion | null
  /** Settings that each criterion excluded. */
  out: { criterion: ChoiceCriterion; labels: string[] }[]
  /**
   * False where no setting stays under the limit: the choice is then the best of those above it.
   * Null without a limit.
   */
  isUnderLimit: boolean | null
  /**
   * Settings that another trial may show to be better than the choice, by more than {@link
   * WORTH_A_CHANGE}.
   */
  open: string[]
}

export interface ChooseOptions {
  /** Bound that the highest peak must stay below, in bytes; null: there is no limit. */
  limitBytes: number | null
  /** Number of values that differ from the defaults, by label. */
  changes: ReadonlyMap<string, number>
  /** Error rate of the whole choice; each of the three measures has a third of it. Default 0.05. */
  alpha?: number
  /**
   * Looks, where trials are added until the choice is decided: its error rate then holds over all
   * looks together.
   */
  looks?: Looks | undefined
}

/**
 * Minimum difference, as a share, that is worth a change of settings or another trial, however
 * certain it is.
 */
export const WORTH_A_CHANGE = 0.05

/**
 * Chooses the setting to take. It stays under the limit; its peak is not clearly higher than
 * another's, then its end RSS, and its rounds are not clearly slower; then the fewest changes from
 * the defaults decide, and last the order of the comparison. "Clearly" is Welch's t test between
 * every two settings left, adjusted by Holm, and a difference of at least 5 %. An undecided
 * difference never decides, so two runs of a job agree unless a decided one differs.
 *
 * @param summaries in the order of the settings
 */
export function chooseSetting(summaries: readonly SettingSummary[], options: ChooseOptions): Choice {
  const { limitBytes, changes, looks } = options
  const none: Choice = { label: null, decidedBy: null, out: [], isUnderLimit: null, open: [] }
  if (summaries.length < 2) return none
  const tried = summaries.filter(({ trials }) => trials >= (looks?.first ?? TRIALS_TO_DECIDE))
  const whole = tried.filter(({ failedTrials }) => failedTrials === 0)
  let left = whole.length > 0 ? whole : tried
  if (left.length < 2) return none
  const compared = left
  const out: Choice['out'] = []
  const narrow = (criterion: ChoiceCriterion, better: SettingSummary[]) => {
    const labels = left.filter((one) => !better.includes(one)).map(({ label }) => label)
    if (labels.length > 0) out.push({ criterion, labels })
    left = better
  }
  const below = limitBytes === null ? left : left.filter((one) => (highestOf(one) ?? 0) < limitBytes)
  if (below.length > 0) narrow('limit', below)
  for (const [criterion, spreadOf] of MEASURES) narrow(criterion, notClearlyAbove(left, spreadOf, options))
  const fewest = Math.min(...left.map(({ label }) => changes.get(label) ?? 0))
  narrow('fewest changes', [left.find(({ label }) => (changes.get(label) ?? 0) === fewest)!])
  const chosen = left[0]!
  const candidates = below.length > 0 ? below : compared
  return {
    label: chosen.label,
    decidedBy: out.at(-1)?.criterion ?? null,
    out,
    isUnderLimit: limitBytes === null ? null : below.length > 0,
    open: candidates
      .filter((rival) => rival !== chosen && mayBeBetter(rival, chosen, options))
      .map(({ label }) => label),
  }
}

/**
 * Counts, by label, the values of a setting that differ from those of the first one, which is the
 * baseline of all.
 */
export function changesFromDefaults(
  settings: readonly { label: string; values: Record<string, string | number> }[],
): Map<string, number> {
  const first = settings[0]?.values ?? {}
  return new Map(
    settings.map(({ label, values }) => {
      const names = new Set([...Object.keys(first), ...Object.keys(values)])
      const differs = (name: string) => (values[name] ?? 'unset') !== (first[name] ?? 'unset')
      return [label, [...names].filter(differs).length]
    }),
  )
}

type SpreadOf = (summary: SettingSummary) => Spread | null

const MEASURES: [ChoiceCriterion, SpreadOf][] = [
  ['peak', ({ peakBytes, endRssBytes }) => peakBytes ?? endRssBytes],
  ['end RSS', ({ endRssBytes }) => endRssBytes],
  ['round time', ({ roundMs }) => roundMs],
]

function highestOf({ peakBytes, endRssBytes }: SettingSummary): number | undefined {
  return (peakBytes ?? endRssBytes)?.high
}

/**
 * Returns the settings that are not clearly above another. Never empty: the setting with the lowest
 * mean is below all others that it differs from.
 */
function notClearlyAbove(left: SettingSummary[], spreadOf: SpreadOf, { alpha = 1 - LEVEL, looks }: ChooseOptions) {
  const trials = Math.min(...left.map((one) => one.trials))
  const share = looks === undefined ? 1 : shareOfLook(trials, looks)
  const pairs = left.flatMap((one, i) =>
    left.slice(i + 1).flatMap((other) => {
      const [a, b] = [spreadOf(one), spreadOf(other)]
      const tested = a === null || b === null ? undefined : welch(a.values, b.values, LEVEL)
      return tested === undefined ? [] : [{ one, other, a: a!, b: b!, ...tested }]
    }),
  )
  const adjusted = holm(pairs.map(({ pValue }) => pValue))
  const beaten = new Set<SettingSummary>()
  for (const [i, { one, other, a, b, difference }] of pairs.entries()) {
    const matters = Math.abs(difference) >= WORTH_A_CHANGE * Math.min(median(a.values), median(b.values))
    if (adjusted[i]! < (share * alpha) / MEASURES.length && matters) beaten.add(difference > 0 ? other : one)
  }
  return left.filter((one) => !beaten.has(one))
}

/**
 * Tells whether more trials may show that a rival is better in the first measure in which the two
 * are not known to agree. A rival with more changes has to be better by {@link WORTH_A_CHANGE}, by
 * the one-sided bound of its difference. Round time needs no more trials, because it is the last
 * measure.
 */
function mayBeBetter(
  rival: SettingSummary,
  chosen: SettingSummary,
  { alpha = 1 - LEVEL, looks }: ChooseOptions,
): boolean {
  const share = looks === undefined ? 1 : shareOfEarlyStop(Math.min(rival.trials, chosen.trials), looks)
  for (const [criterion, spreadOf] of MEASURES) {
    if (criterion === 'round time') return false
    const [ours, theirs] = [spreadOf(chosen), spreadOf(rival)]
    const tested =
      ours === null || theirs === null ? undefined : welch(ours.values, theirs.values, 1 - 2 * alpha * share)
    if (tested === undefined) continue
    const worth = WORTH_A_CHANGE * mean(ours!.values)
    if (tested.low > worth) return false
    if (tested.low < -worth) return true
  }
  return false
}
