import type { Comparison } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'
import { theilSenSlope } from '../../statistics/regression/theil-sen.js'
import { TRIALS_TO_DECIDE } from '../difference/compare-settings.js'
import { judgedRounds, summarizeSetting } from '../difference/setting-summary.js'

/**
 * Numbers of one setting that a gate watches: one a completed trial, in the order in which they
 * ran.
 */
export interface GatedNumbers {
  label: string
  values: Setting['values']
  /**
   * Those of the trials whose peaks are all exact, if they suffice for a decision; else all.
   */
  peakBytes: number[]
  /** A sampled peak is a lower bound, and is not compared with an exact one. */
  hasSampledPeaks: boolean
  floorBytes: number[]
  /** Growth of end RSS over the second half of the rounds; empty where those are too few. */
  slopeBytesPerRound: number[]
  /**
   * Length of a round, the median of the trials; null, or absent in an older baseline: not known.
   */
  roundMs?: number | null
}

/** Minimum points of a slope. */
const POINTS_OF_A_SLOPE = 4

export function gatedNumbers({ settings, trials, judge }: Comparison): GatedNumbers[] {
  return settings.map(({ label, values }) => {
    const own = trials.filter(({ setting }) => setting === label)
    const { floorBytes, roundMs } = summarizeSetting(label, own, { judge })
    const exact = own.filter(({ rounds }) => rounds.every(({ peakKind }) => peakKind !== 'sampled'))
    const ofExact = summarizeSetting(label, exact, { judge })
    const { peakBytes, hasSampledPeaks } =
      ofExact.trials < TRIALS_TO_DECIDE ? summarizeSetting(label, own, { judge }) : ofExact
    return {
      label,
      values,
      peakBytes: peakBytes?.values ?? [],
      hasSampledPeaks,
      floorBytes: floorBytes?.values ?? [],
      slopeBytesPerRound: own
        .filter(({ state }) => state === 'completed')
        .flatMap((trial) => slopeOf(judgedRounds(trial, judge)) ?? []),
      roundMs: roundMs?.median ?? null,
    }
  })
}

/**
 * Returns the slope of the second half, because the first holds the warm-up. A saw-tooth adds a
 * slope of its own, the same in every run of the job.
 */
function slopeOf(rounds: readonly { round: number; end: { rssBytes: number } }[]): number | undefined {
  const late = rounds.slice(Math.floor(rounds.length / 2))
  if (late.length < POINTS_OF_A_SLOPE) return undefined
  return theilSenSlope(
    late.map(({ round }) => round),
    late.map(({ end }) => end.rssBytes),
  )
}
