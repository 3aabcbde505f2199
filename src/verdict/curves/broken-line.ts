import type { RoundSeries } from '../series/round-series.js'
import { type Curve, columnsOf, ones, sideBySide } from './curve.js'

/** Minimum rounds before and after a break; with fewer it cannot be seen. */
const SHORTEST_PART = 5
/** Number of breaks tried; between two neighbouring ones a line looks much the same. */
const PLACES = 24

/**
 * Builds lines that break once: a ramp to a level (a cache that fills evenly and then is full), and
 * a level that turns into a line (a leak that begins late). The break costs one parameter, plus the
 * search for it.
 */
export function brokenLineCurves(trials: readonly RoundSeries[]): { ramps: Curve[]; onsets: Curve[] } {
  const shortest = Math.min(...trials.map(({ rounds }) => rounds.length))
  const searchCost = 2 * Math.log(trials.reduce((sum, { rounds }) => sum + rounds.length, 0))
  const step = Math.max(1, (shortest - 2 * SHORTEST_PART) / PLACES)
  const places: number[] = []
  for (let place = SHORTEST_PART; place <= shortest - SHORTEST_PART; place += step) places.push(Math.round(place))
  const brokenAt = (kind: 'ramp' | 'onset', place: number): Curve => {
    const after = trials.map(({ rounds }) => rounds.map((round) => Math.max(0, round - rounds[place]!)))
    const before = trials.map(({ rounds }) => rounds.map((round) => Math.min(round, rounds[place]!) - rounds[0]!))
    const columns = sideBySide(ones(trials), kind === 'ramp' ? before : after)
    return { kind, hasLine: false, columns, searchCost, breakPlace: place }
  }
  return {
    ramps: places.map((place) => brokenAt('ramp', place)),
    onsets: places.map((place) => brokenAt('onset', place)),
  }
}

/**
 * Builds growth that accelerates: exponentials, from one that doubles every few rounds to one that
 * is nearly a parabola.
 */
export function accelerationCurves(trials: readonly RoundSeries[]): Curve[] {
  const longest = Math.max(...trials.map(({ rounds }) => rounds.length))
  const searchCost = Math.log(trials.reduce((sum, { rounds }) => sum + rounds.length, 0))
  return [0.08, 0.12, 0.17, 0.24, 0.35, 0.5, 0.8].map((share) => {
    const growth = columnsOf(trials, (t, length) => {
      const tau = share * longest
      return (Math.exp(t / tau) - 1) / (Math.exp(length / tau) - 1)
    })
    return { kind: 'acceleration', hasLine: false, columns: sideBySide(ones(trials), growth), searchCost }
  })
}
