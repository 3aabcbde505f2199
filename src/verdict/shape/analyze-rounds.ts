import { median } from '../../statistics/median.js'
import { SHORTEST_LEVEL } from '../curves/steps.js'
import { roundSeries, type TrialRounds } from '../series/round-series.js'
import type { Analysis, AnalyzeOptions, Interval, LimitForecast, SingleChange } from './analysis.js'
import { decideShape } from './decide-shape.js'
import { endLevelOf } from './end-level.js'
import type { Findings } from './findings.js'
import { reasonOf } from './reason.js'
import { floorsOf } from './sawtooth-floor.js'
import { restartShifts } from './stairs.js'
import { SECONDS_PER_DAY } from './tolerance.js'
import type { Trend } from './trend.js'

/**
 * Judges the memory of one setting: its shape, the size of the effect, and what it means for a
 * limit. Pure: numbers in, plain data out. Its assumptions and error rates are in
 * docs/how-verdicts-are-made.md.
 *
 * @param rounds end RSS in bytes of one trial, or of several trials of the same setting: `[612e6,
 *   615e6, ...]`, or with round numbers, `[{ round: 1, bytes: 612e6 }, ...]`. Rounds count from 1,
 *   or from 0 where the first one is 0.
 */
export function analyzeRounds(rounds: TrialRounds | readonly TrialRounds[], options: AnalyzeOptions = {}): Analysis {
  const trials = trialsOf(rounds).map(roundSeries)
  const findings = decideShape(trials, options)
  const facts = factsOf(findings, options)
  const lasted = Math.max(0, ...trials.map((trial) => trial.rounds.length))
  const analysis = {
    shape: findings.shape,
    slow: isSlow(findings),
    now: findings.now ?? NOT_KNOWN,
    possible: findings.possible ?? [],
    trials: trials.length,
    rounds: lasted,
    ...facts,
    horizon: horizonOf(facts.slopeBytesPerRound, findings, options),
    limit: limitOf(findings, facts, options),
  }
  return { ...analysis, reason: reasonOf(findings, analysis) }
}

const NOT_KNOWN: Analysis['now'] = { trend: 'unclear', bytesPerRound: null, low: null, high: null, from: null }

const SECONDS_PER_HOUR = 3600

function isSlow({ shape, trend, ...matter }: Findings): boolean {
  return shape === 'grows' && trend !== undefined && trend.slope < matter.toleranceBytes
}

function trialsOf(rounds: TrialRounds | readonly TrialRounds[]): readonly TrialRounds[] {
  return Array.isArray(rounds[0]) ? (rounds as readonly TrialRounds[]) : [rounds as TrialRounds]
}

type Facts = Pick<
  Analysis,
  | 'slopeBytesPerRound'
  | 'slopeBytesPerHour'
  | 'slopeBytesPerDay'
  | 'teethSlopeBytesPerRound'
  | 'netClimbBytes'
  | 'restarts'
  | 'toleranceBytes'
  | 'levelBytes'
  | 'period'
  | 'amplitudeBytes'
  | 'floorShape'
  | 'settledAtRound'
  | 'asymptoteBytes'
  | 'timeConstantRounds'
  | 'steps'
  | 'outliers'
>

function factsOf(findings: Findings, { secondsPerRound }: AnalyzeOptions): Facts {
  const { shape, fit, trend, growth, trials, settledPlace } = findings
  const isSettled = shape === 'settling' && settledPlace !== undefined
  const isSawtooth = shape === 'sawtooth'
  const levelBytes = levelOf(findings)
  const slope = trend === undefined ? null : slopeOf(trend)
  const isStairs = fit?.mean.kind === 'steps'
  // Each trial has as many shifts in the fit as the others, and surplus ones are as small as noise.
  const isSeen = ({ bytes }: SingleChange) => Math.abs(bytes) >= findings.toleranceBytes
  return {
    slopeBytesPerRound: slope,
    slopeBytesPerHour: slope && secondsPerRound ? times(slope, SECONDS_PER_HOUR / secondsPerRound) : null,
    slopeBytesPerDay: slope && secondsPerRound ? times(slope, SECONDS_PER_DAY / secondsPerRound) : null,
    toleranceBytes: Number.isFinite(findings.toleranceBytes) ? findings.toleranceBytes : null,
    levelBytes,
    period: isSawtooth ? fit!.mean.cycle!.period : null,
    amplitudeBytes: isSawtooth
      ? (findings.teeth?.endBytes ?? median(fit!.coefficients.map((one) => one.at(-1)!)))
      : null,
    teethSlopeBytesPerRound: findings.teeth === undefined ? null : slopeOf(findings.teeth),
    floorShape: isSawtooth ? growth! : null,
    settledAtRound: isSettled
      ? (trials[0]!.rounds[Math.min(settledPlace, trials[0]!.rounds.length - 1)] ?? null)
      : null,
    asymptoteBytes: isSettled ? levelBytes : null,
    timeConstantRounds: isSettled ? (fit!.mean.tauRounds ?? null) : null,
    netClimbBytes: isStairs ? netClimbOf(findings) : null,
    restarts: isStairs
      ? stepsOf(findings)
          .filter(({ isRestart }) => isRestart)
          .map(changeOf)
      : [],
    steps: isStairs && shape !== 'settling' ? stepsOf(findings).filter(isSeen).map(changeOf) : [],
    outliers: outliersOf(findings),
  }
}

function slopeOf({ slope, low, high }: Trend): Interval {
  return { estimate: slope, low, high }
}

/** Returns the level, measured at the end where there is one to measure. */
function levelOf({ shape, fit, trend, growth, levelBytes, trials, settledPlace }: Findings): number | null {
  if (shape === 'staircase')
    return endLevelOf(trials, Math.max(...fit!.mean.stepPlaces!.map((places) => places.at(-1)!)))
  const isMeasured = shape === 'falls' || (shape === 'grows' && fit?.mean.kind === 'steps')
  if (isMeasured) return endLevelOf(trials)
  if (shape === 'settling') return endLevelOf(trials, settledPlace)
  const isMoving = shape === 'grows' || (shape === 'sawtooth' && (growth === 'grows' || growth === 'falls'))
  if (isMoving && trend !== undefined) return trend.endBytes
  const floors = shape === 'sawtooth' ? floorsOf(trials, fit!, 0).filter(({ bytes }) => bytes.length > 0) : []
  if (floors.length > 0) return endLevelOf(floors)
  return Number.isFinite(levelBytes) ? levelBytes : null
}

function netClimbOf({ trials }: Findings): number {
  const level = (bytes: readonly number[]) => median([...bytes])
  return median(trials.map(({ bytes }) => level(bytes.slice(-SHORTEST_LEVEL)) - level(bytes.slice(0, SHORTEST_LEVEL))))
}

function stepsOf({ fit, trials }: Findings): (SingleChange & { isRestart: boolean })[] {
  return fit!.mean
    .stepPlaces!.flatMap((places, trial) => {
      const restarts = restartShifts(trials[trial]!, fit!, trial)
      return places.map((place, i) => ({
        trial: trial + 1,
        round: trials[trial]!.rounds[place]!,
        bytes: fit!.coefficients[trial]![i + 1]!,
        isRestart: restarts.includes(i),
      }))
    })
    .sort((a, b) => a.round - b.round)
}

function changeOf({ trial, round, bytes }: SingleChange): SingleChange {
  return { trial, round, bytes }
}

function outliersOf({ fit, trials, spikes }: Findings): SingleChange[] {
  if (spikes !== undefined) return spikes
  if (fit === undefined) return []
  return fit.setAside.flatMap((places, trial) =>
    [...places]
      .sort((a, b) => a - b)
      .map((place) => ({
        trial: trial + 1,
        round: trials[trial]!.rounds[place]!,
        bytes: fit.residuals[trial]![place]!,
      })),
  )
}

function horizonOf(slope: Interval | null, { horizonRounds }: Findings, options: AnalyzeOptions): Analysis['horizon'] {
  if (slope === null) return null
  const isDefault = options.horizonRounds === undefined && options.horizonSeconds === undefined
  return { rounds: horizonRounds, isDefault, bytes: times(slope, horizonRounds) }
}

function times({ estimate, low, high }: Interval, factor: number): Interval {
  return { estimate: estimate * factor, low: low * factor, high: high * factor }
}

/**
 * Forecasts when growth meets the limit, or how much room a level leaves below it. For an undecided
 * series that rises now, it forecasts when it would meet the limit if it continued.
 */
function limitOf(
  { shape, now, trials }: Findings,
  { levelBytes, amplitudeBytes, floorShape, slopeBytesPerRound }: Facts,
  { limitBytes, othersBytes = 0, secondsPerRound }: AnalyzeOptions,
): LimitForecast | null {
  const risesNow = shape === 'inconclusive' && now?.trend === 'rises'
  if (limitBytes === undefined || levelBytes === null || (shape === 'inconclusive' && !risesNow)) return null
  const usedBytes = othersBytes + (risesNow ? endLevelOf(trials) : levelBytes) + (amplitudeBytes ?? 0)
  const headroomBytes = limitBytes - usedBytes
  const isGrowing = (floorShape ?? shape) === 'grows'
  const rate = risesNow ? { estimate: now.bytesPerRound!, low: now.low!, high: now.high! } : slopeBytesPerRound
  const rounds = isGrowing || risesNow ? roundsUntil(headroomBytes, rate!) : null
  const seconds = rounds === null || secondsPerRound === undefined ? null : times(rounds, secondsPerRound)
  return { limitBytes, headroomBytes, rounds, seconds }
}

/**
 * Converts headroom to rounds. A steeper slope means fewer rounds, so the ends of the interval
 * change places. The result is never in the past, and may be infinite.
 */
function roundsUntil(headroomBytes: number, { estimate, low, high }: Interval): Interval {
  const until = (slope: number) => (slope > 0 ? Math.max(0, headroomBytes) / slope : Number.POSITIVE_INFINITY)
  return { estimate: until(estimate), low: until(high), high: until(low) }
}
