import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { FittedLine } from './line-fit.js'

/**
 * Rows from the last value until a level is met: median and 90 % interval. `high` is null where the
 * level may never be met.
 */
export interface TimeToLevel {
  estimate: number
  low: number
  high: number | null
}

const PATHS = 200
/** Length of the longest path, as a multiple of the rows that the line itself needs. */
const LONGEST = 20
/** Maximum steps of a path. */
const MOST_STEPS = 2000
/**
 * Distance from the level, in standard deviations, within which a path is followed row by row,
 * because noise may reach the level there.
 */
const NEAR = 4

/**
 * Estimates when values that follow a line with correlated noise first meet a level. It draws paths
 * from what the fit leaves possible (correlation, scale, line) and follows each until it does. The
 * first passage comes earlier than that of the line itself, because noise reaches above the line.
 * The same values give the same answer.
 *
 * @returns null where the level is not above the last value, or the median path never meets it
 */
export function timeToLevel(
  values: readonly number[],
  lines: readonly FittedLine[],
  level: number,
): TimeToLevel | null {
  const last = values.at(-1)!
  if (lines.length === 0 || level <= last) return null
  const draw = drawsOf(values.length)
  const slope = lines.reduce((sum, { weight, centre }) => sum + weight * centre, 0)
  if (slope <= 0) return null
  const most = (LONGEST * (level - last)) / slope
  const times = Array.from({ length: PATHS }, () => {
    const line = draw.oneOf(lines)
    return passage(line, { last, lastRow: values.length - 1, level, most, normal: draw.normal })
  }).sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(PATHS - 1, Math.floor(share * PATHS))]!
  const estimate = at(0.5)
  if (!Number.isFinite(estimate)) return null
  const high = at(0.95)
  return { estimate, low: at(0.05), high: Number.isFinite(high) ? high : null }
}

interface Passage {
  last: number
  lastRow: number
  level: number
  most: number
  normal(): number
}

function passage(line: FittedLine, { last, lastRow, level, most, normal }: Passage): number {
  const innovation = line.innovation / Math.sqrt(chiSquareShare(line.degreesOfFreedom, normal()))
  const slope = line.centre + (innovation * normal()) / Math.sqrt(line.slopeWeight)
  const height = line.centreValue + (innovation * normal()) / Math.sqrt(line.centreWeight)
  const lineAt = (row: number) => height + slope * (row - line.centreRow)
  let off = last - lineAt(lastRow)
  let before = last
  let rows = 0
  for (let i = 0; i < MOST_STEPS && rows < most; i++) {
    const left = (level - before) / Math.max(slope, (level - before) / most)
    const sd = innovation * Math.min(Math.sqrt(left), 1 / Math.sqrt(1 - line.rho ** 2))
    const step = Math.max(1, Math.floor((left * (1 - (NEAR * sd) / (level - before))) / 2))
    const keeps = line.rho ** step
    off = keeps * off + innovation * Math.sqrt((1 - keeps ** 2) / (1 - line.rho ** 2)) * normal()
    rows += step
    const value = lineAt(lastRow + rows) + off
    // Within a step the path is assumed straight.
    if (value >= level) return rows - step + (step * (level - before)) / (value - before)
    before = value
  }
  return Number.POSITIVE_INFINITY
}

/**
 * Returns a chi-square variable divided by its degrees of freedom: Wilson and Hilferty (1931), PNAS
 * 17, 684–688.
 */
function chiSquareShare(degreesOfFreedom: number, normal: number): number {
  const ninth = 2 / (9 * degreesOfFreedom)
  return Math.max(0.05, (1 - ninth + normal * Math.sqrt(ninth)) ** 3)
}

function drawsOf(seed: number) {
  const generator = xoroshiro128plus(seed)
  const uniform = () => uniformFloat64(generator)
  /** The second of two: Box and Muller (1958) make them in pairs. */
  let spare: number | null = null
  return {
    normal: () => {
      const kept = spare
      spare = null
      if (kept !== null) return kept
      const [length, angle] = [Math.sqrt(-2 * Math.log(1 - uniform())), 2 * Math.PI * uniform()]
      spare = length * Math.sin(angle)
      return length * Math.cos(angle)
    },
    oneOf: (lines: readonly FittedLine[]): FittedLine => {
      let left = uniform()
      for (const line of lines) {
        left -= line.weight
        if (left <= 0) return line
      }
      return lines.at(-1)!
    },
  }
}
