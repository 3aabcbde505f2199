import type { Comparison } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'
import { theilSenSlope } from '../../statistics/regression/theil-sen.js'
import { judgedRounds, summarizeSetting } from '../difference/setting-summary.js'

/**
 * Numbers of one setting that a gate watches: one a completed trial, in the order in which they
 * ran.
 */
export interface GatedNumbers {
  label: string
  values: Setting['values']
  peakBytes: number[]
  /**
   * The peaks of a trial are mostly the highest samples: lower bounds, which are not compared with
   * exact ones. A few, as the last round of a short program on a busy machine, leave the highest of
   * the others.
   */
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
    const { peakBytes, floorBytes, roundMs } = summarizeSetting(label, own, { judge })
    const judged = own.filter(({ state }) => state === 'completed').map((trial) => judgedRounds(trial, judge))
    return {
      label,
      values,
      peakBytes: peakBytes?.values ?? [],
      hasSampledPeaks: judged.some(areMostlySampled),
      floorBytes: floorBytes?.values ?? [],
      slopeBytesPerRound: judged.flatMap((rounds) => slopeOf(rounds) ?? []),
      roundMs: roundMs?.median ?? null,
    }
  })
}

function areMostlySampled(rounds: readonly { peakKind: string }[]): boolean {
  return 2 * rounds.filter(({ peakKind }) => peakKind === 'sampled').length > rounds.length
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
