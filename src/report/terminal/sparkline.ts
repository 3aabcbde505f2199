/**
 * Lowest and highest value of a sparkline's scale. Sparklines that are compared share one range.
 */
export interface SparkRange {
  low: number
  high: number
}

const BARS = '▁▂▃▄▅▆▇█'
const ASCII_BARS = '_.-=+*%#'

/**
 * Least range as a share of the highest value. A smaller range is noise and is drawn as a level
 * line.
 */
const LEAST_RANGE_SHARE = 0.1

/**
 * Returns the range of all values, which is at least a tenth of the highest, so that a level series
 * is drawn as a level line in the middle; undefined where there is no value.
 */
export function sparkRange(series: readonly (readonly number[])[]): SparkRange | undefined {
  const values = series.flat()
  if (values.length === 0) return undefined
  const [low, high] = [min(values), max(values)]
  const missing = Math.max(0, high * LEAST_RANGE_SHARE - (high - low))
  return { low: low - missing / 2, high: high + missing / 2 }
}

/**
 * Draws a series with one character per value. Where there are more values than columns, a
 * character shows the one of its values that is furthest from the overall mean, so that teeth and
 * spikes stay.
 *
 * @param isPlain ASCII alone
 */
export function sparkline(
  values: readonly number[],
  { range, columns, isPlain }: { range: SparkRange; columns: number; isPlain: boolean },
): string {
  const bars = isPlain ? ASCII_BARS : BARS
  const width = Math.min(columns, values.length)
  const span = range.high - range.low || 1
  const middle = values.reduce((sum, one) => sum + one, 0) / values.length
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width)
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width))
    const value = values
      .slice(from, to)
      .reduce((far, one) => (Math.abs(one - middle) > Math.abs(far - middle) ? one : far))
    const step = Math.round(((value - range.low) / span) * (bars.length - 1))
    return bars[Math.min(bars.length - 1, Math.max(0, step))]
  }).join('')
}

function min(values: readonly number[]): number {
  return values.reduce((low, one) => Math.min(low, one), Number.POSITIVE_INFINITY)
}

function max(values: readonly number[]): number {
  return values.reduce((high, one) => Math.max(high, one), Number.NEGATIVE_INFINITY)
}
