import type { CurveFit } from '../curves/fit-curve.js'
import type { RoundSeries } from '../series/round-series.js'
import type { Now } from '../shape/analysis.js'
import type { Findings, Known } from '../shape/findings.js'
import { rowRounds } from '../shape/tolerance.js'
import type { Trend } from '../shape/trend.js'

/**
 * Judges a series by its rows. Rows may be many rounds apart, as the blocks of a long series are,
 * or iterations of which every thousandth is reported. Time constants, breaks and cycles are
 * searched from row to row, and the findings are converted back to rounds.
 */
export function judgedByRow(known: Known, judge: (known: Known) => Findings): Findings {
  const row = rowRounds(known.trials)
  if (row === 1) return judge(known)
  const found = judge({
    ...known,
    trials: known.trials.map((trial) => scaled(trial, 1 / row)),
    toleranceBytes: known.toleranceBytes * row,
    mattersBytes: known.mattersBytes * row,
    horizonRounds: known.horizonRounds / row,
  })
  const { toleranceBytes, mattersBytes, horizonRounds } = known
  return {
    ...found,
    toleranceBytes,
    mattersBytes,
    horizonRounds,
    trials: found.trials.map((trial) => scaled(trial, row)),
    ...(found.fit && { fit: fitInRounds(found.fit, row) }),
    trend: found.trend && trendInRounds(found.trend, row),
    teeth: found.teeth && trendInRounds(found.teeth, row),
    ...(found.now && { now: nowInRounds(found.now, row) }),
  }
}

function scaled({ rounds, bytes }: RoundSeries, by: number): RoundSeries {
  // Round numbers are whole; rows need not be.
  return { rounds: rounds.map((round) => (by < 1 ? round * by : Math.round(round * by))), bytes }
}

function fitInRounds(fit: CurveFit, row: number): CurveFit {
  const { tauRounds, cycle } = fit.mean
  const mean = {
    ...fit.mean,
    ...(tauRounds !== undefined && { tauRounds: tauRounds * row }),
    ...(cycle !== undefined && { cycle: { ...cycle, period: cycle.period * row } }),
  }
  return { ...fit, mean }
}

function trendInRounds(trend: Trend, row: number): Trend {
  return {
    ...trend,
    slope: trend.slope / row,
    low: trend.low / row,
    high: trend.high / row,
    slopes: trend.slopes.map((slope) => slope / row),
    spanRounds: trend.spanRounds * row,
  }
}

function nowInRounds({ trend, bytesPerRound, low, high, from }: Now, row: number): Now {
  const perRound = (bytes: number | null) => bytes && bytes / row
  return {
    trend,
    bytesPerRound: perRound(bytesPerRound),
    low: perRound(low),
    high: perRound(high),
    from: from && Math.round(from * row),
  }
}
