import { median } from '../../statistics/median.js'
import { fitCurves } from '../curves/choose-curve.js'
import { chosenCurve } from '../curves/chosen-curve.js'
import type { AnalyzeOptions } from '../shape/analysis.js'
import { type Findings, type Known, roundingOf } from '../shape/findings.js'
import { nowOf } from '../shape/now.js'
import { floorAfterWarmUp, floorsOf, growingTeeth } from '../shape/sawtooth-floor.js'
import { trendOf } from '../shape/trend.js'
import { inBlocks, lastRows } from './blocks.js'
import { FAR_SHARE } from './first-rounds.js'
import type { RoundSeries } from './round-series.js'

/**
 * Judges a saw-tooth of thousands of rounds: its teeth are searched in the last ones, and its floor
 * is judged by all cleanup rounds, in blocks.
 *
 * @returns undefined where the last rounds show no saw-tooth
 */
export function longSawtooth(known: Known, { gcRounds }: AnalyzeOptions): Findings | undefined {
  const trials = known.trials.map(lastRows)
  const roundingBytes = roundingOf(known.levelBytes)
  const fits = fitCurves(trials, gcRounds, roundingBytes)
  const fit = fits && chosenCurve(fits, known.rowToleranceBytes).fit
  if (fit === undefined || fit.mean.kind !== 'sawtooth') return undefined
  const floors = floorsOf(known.trials, { ...fit, setAside: known.trials.map(() => []) }, 0).map((floor) =>
    inBlocks(floor),
  )
  const floorFrom = (place: number) =>
    trendOf(
      floors.map(({ rounds, bytes }) => ({ rounds: rounds.slice(place), bytes: bytes.slice(place), others: [] })),
      roundingBytes,
    )
  const floorsKnown = { ...known, trials: floors }
  const teeth = growingTeeth(trials, fit, roundingBytes)
  const now = nowOf(floors, known, floorFrom, undefined)
  const found: Findings = { ...known, trials, shape: 'sawtooth', because: 'cycles', fit, teeth, now }
  return { ...found, ...floorAfterWarmUp(floorsKnown, floorFrom) }
}

/**
 * Minimum distance of a spike above the median of its neighbours, in standard deviations;
 * `FAR_SHARE` of the level applies too.
 */
const FAR_SD = 12
const MOST_SPIKES = 6

/**
 * Returns single rounds far above their block, whose median hides them. Empty where there are many,
 * because they are then normal for the program.
 */
export function spikesIn(trials: readonly RoundSeries[]): { trial: number; round: number; bytes: number }[] {
  const all = trials.flatMap(({ rounds, bytes }, trial) => {
    const size = Math.max(1, Math.floor(bytes.length / 100))
    const around = (place: number) => Math.floor(place / size)
    const medians = new Map<number, number>()
    const off = bytes.map((value, place) => {
      const block = around(place)
      if (!medians.has(block)) medians.set(block, median(bytes.slice(block * size, (block + 1) * size)))
      return value - medians.get(block)!
    })
    const sd = 1.4826 * median(off.map(Math.abs))
    return off.flatMap((distance, place) => {
      const least = Math.max(FAR_SD * sd, FAR_SHARE * (bytes[place]! - distance))
      return distance > least ? [{ trial: trial + 1, round: rounds[place]!, bytes: distance }] : []
    })
  })
  return all.length <= MOST_SPIKES * trials.length ? all : []
}
