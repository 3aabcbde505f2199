import { mean } from '../statistics/mean.js'
import { holm } from '../statistics/tests/holm.js'
import { welch } from '../statistics/tests/welch.js'
import { WORTH_A_CHANGE } from './choose-setting.js'
import { LEVEL, TRIALS_TO_DECIDE } from './difference/compare-settings.js'
import type { SettingSummary } from './difference/setting-summary.js'
import type { SettingVerdict } from './difference/setting-verdict.js'
import type { Looks } from './looks.js'

/** An axis in which settings showed no difference, so that one of its values can stand for all. */
export interface FoldedAxis {
  axis: string
  /** The value that stays: that of the first setting. */
  kept: string | number
  /** The other values. */
  folded: (string | number)[]
}

interface Compared {
  settings: readonly { label: string; values: Record<string, string | number> }[]
  summaries: readonly SettingSummary[]
  verdicts: readonly SettingVerdict[]
  /** Label of the chosen setting; an axis that it changes is never folded. */
  chosen: string | null
  /** Looks, where trials are added until everything is decided. */
  looks?: Looks | undefined
}

/**
 * Maximum distance of two means that are folded, as a share. Beyond it they are kept apart even
 * where chance may explain the distance.
 */
const MOST_SHARE = 0.1

/**
 * Returns the axes of a comparison without effect: between settings that differ in nothing else,
 * peak and end RSS show no clear difference of 5 % or more (Welch, adjusted by Holm), and the
 * shapes do not contradict. At least one axis always stays.
 */
export function foldedAxes(compared: Compared): FoldedAxis[] {
  const { settings, chosen } = compared
  const first = settings[0]?.values ?? {}
  const chosenValues = settings.find(({ label }) => label === chosen)?.values
  const varying = Object.keys(first).filter((axis) => valuesOf(settings, axis).length > 1)
  const without = varying.filter(
    (axis) => (chosenValues?.[axis] ?? first[axis]) === first[axis] && hasNoEffect(axis, compared),
  )
  const isLast = without.length === varying.length
  return (isLast ? without.slice(1) : without).map((axis) => ({
    axis,
    kept: first[axis]!,
    folded: valuesOf(settings, axis).filter((value) => value !== first[axis]),
  }))
}

function valuesOf(settings: Compared['settings'], axis: string): (string | number)[] {
  return [...new Set(settings.flatMap(({ values }) => values[axis] ?? []))]
}

function hasNoEffect(axis: string, { settings, summaries, verdicts, looks }: Compared): boolean {
  const pairs = settings.flatMap((one, i) => {
    const j = settings.findIndex((other, place) => place < i && differOnlyIn(axis, one.values, other.values))
    return j < 0 ? [] : [[i, j] as const]
  })
  if (pairs.length === 0) return false
  const isWhole = pairs
    .flat()
    .every((i) => summaries[i]!.trials >= (looks?.first ?? TRIALS_TO_DECIDE) && summaries[i]!.failedTrials === 0)
  const isAlike = pairs.every(([i, j]) => agree(verdicts[i]!, verdicts[j]!))
  if (!isWhole || !isAlike) return false
  const tests = pairs.flatMap(([i, j]) =>
    (['peakBytes', 'endRssBytes'] as const).flatMap((measure) => {
      const [a, b] = [summaries[j]![measure], summaries[i]![measure]]
      const tested = a === null || b === null ? undefined : welch(a.values, b.values, LEVEL)
      return tested === undefined ? [] : [{ ...tested, share: Math.abs(tested.difference) / mean(a!.values) }]
    }),
  )
  const adjusted = holm(tests.map(({ pValue }) => pValue))
  return tests.every(({ share }, i) => share < WORTH_A_CHANGE || (share < MOST_SHARE && adjusted[i]! >= 1 - LEVEL))
}

/** Tells whether two verdicts agree. An undecided one contradicts nothing. */
function agree(a: SettingVerdict, b: SettingVerdict): boolean {
  const shapes = [a, b].map(({ analysis }) => analysis?.shape ?? 'inconclusive')
  return shapes[0] === shapes[1] || shapes.includes('inconclusive')
}

function differOnlyIn(axis: string, a: Record<string, string | number>, b: Record<string, string | number>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return a[axis] !== b[axis] && [...names].every((name) => name === axis || a[name] === b[name])
}
