import { studentTQuantile } from '../../statistics/distributions/student-t.js'
import { mean } from '../../statistics/mean.js'
import { sampleVariance } from '../../statistics/sample-variance.js'
import type { Now } from '../shape/analysis.js'
import type { Findings } from '../shape/findings.js'
import type { Trend } from '../shape/trend.js'

/** Minimum share of trials that have to agree, each judged alone. */
const MOST = 0.75

/**
 * Ensures that more trials do not say less than one. Where all together leave open what most of
 * them show alone, for example because each has its outliers in other rounds, the finding of most
 * of them holds.
 *
 * @param alone findings of each trial alone
 */
export function asMostSay(together: Findings, alone: readonly Findings[]): Findings {
  const needed = Math.ceil(MOST * alone.length)
  const grow = alone.filter(({ shape, trend }) => shape === 'grows' && trend !== undefined)
  if (isOpen(together) && grow.length >= needed)
    return {
      ...together,
      shape: 'grows',
      because: 'each trial',
      possible: [],
      trend: meanTrend(grow.map(({ trend }) => trend!)),
      growth: 'grows',
      now: mostNow(together, alone, needed),
    }
  return together.now?.trend === 'unclear' ? { ...together, now: mostNow(together, alone, needed) } : together
}

/**
 * Tells whether the trials together leave growth open: shifts at different places in each trial can
 * hide growth that each trial shows.
 */
export function isOpen({ shape }: Pick<Findings, 'shape'>): boolean {
  return shape === 'inconclusive' || shape === 'staircase'
}

function mostNow({ now }: Findings, alone: readonly Findings[], needed: number): Now {
  const rising = alone.flatMap((one) => (one.now?.trend === 'rises' ? [one.now] : []))
  if (now!.trend !== 'unclear' || rising.length < needed) return now!
  const { estimate, low, high } = meanOf(rising.map(({ bytesPerRound }) => bytesPerRound!))
  return { trend: 'rises', bytesPerRound: estimate, low, high, from: Math.max(...rising.map(({ from }) => from!)) }
}

function meanTrend(trends: readonly Trend[]): Trend {
  const { estimate, low, high } = meanOf(trends.map(({ slope }) => slope))
  const over = (of: (trend: Trend) => number) => mean(trends.map(of))
  return {
    slope: estimate,
    low,
    high,
    notAbove: Math.min(...trends.map(({ notAbove }) => notAbove)),
    notBelow: 1,
    slopes: trends.map(({ slope }) => slope),
    endBytes: over(({ endBytes }) => endBytes),
    spanRounds: over(({ spanRounds }) => spanRounds),
    correlation: over(({ correlation }) => correlation),
    innovationBytes: over(({ innovationBytes }) => innovationBytes),
  }
}

/** Returns Student's interval of the trials' own values. */
function meanOf(values: readonly number[]): { estimate: number; low: number; high: number } {
  const estimate = mean(values)
  const own = values.length - 1
  const reach = own < 1 ? 0 : studentTQuantile(0.975, own) * Math.sqrt(sampleVariance(values) / values.length)
  return { estimate, low: estimate - reach, high: estimate + reach }
}
