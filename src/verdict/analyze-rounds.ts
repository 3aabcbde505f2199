import { median } from '../statistics/median.js'
import type { Analysis, AnalyzeOptions, Interval, LimitForecast, SingleChange } from './analysis.js'
import { decideShape, type Findings } from './decide-shape.js'
import { reasonOf } from './reason.js'
import { roundSeries, type TrialRounds } from './round-series.js'
import { roundsNeeded } from './rounds-needed.js'
import type { Trend } from './trend.js'

/**
 * The verdict on the memory of one setting: its shape, how large the effect is, and what it means for a limit. Pure: numbers in,
 * plain data out. What it assumes and how often it errs is in docs/how-verdicts-are-made.md.
 *
 * @param rounds end RSS in bytes of one trial, or of several trials of the same setting: `[612e6, 615e6, ...]`, or with round
 *   numbers, `[{ round: 1, bytes: 612e6 }, ...]`. Rounds count from 1, or from 0 where the first one is 0.
 */
export function analyzeRounds(rounds: TrialRounds | readonly TrialRounds[], options: AnalyzeOptions = {}): Analysis {
  const trials = trialsOf(rounds).map(roundSeries)
  const findings = decideShape(trials, options.gcRounds, options.floor)
  const facts = factsOf(findings)
  const lasted = Math.max(0, ...trials.map((trial) => trial.rounds.length))
  const needsRounds = findings.shape === 'inconclusive' ? roundsNeeded(findings, options.gcRounds) : null
  const analysis = {
    shape: findings.shape,
    possible: findings.possible ?? [],
    trials: trials.length,
    rounds: lasted,
    ...facts,
    needsRounds,
    horizon: horizonOf(facts.slopeBytesPerRound, options.horizonRounds),
    limit: limitOf(findings.shape, facts, options),
  }
  return { ...analysis, reason: reasonOf(findings, analysis) }
}

function trialsOf(rounds: TrialRounds | readonly TrialRounds[]): readonly TrialRounds[] {
  return Array.isArray(rounds[0]) ? (rounds as readonly TrialRounds[]) : [rounds as TrialRounds]
}

type Facts = Pick<
  Analysis,
  | 'slopeBytesPerRound'
  | 'practicalFloorBytes'
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

function factsOf(findings: Findings): Facts {
  const { shape, fit, trend, growth, trials, settledPlace } = findings
  const isSettled = shape === 'settling' && settledPlace !== undefined
  const isSawtooth = shape === 'sawtooth'
  const asymptoteBytes = isSettled ? settledLevelOf(findings) : null
  return {
    slopeBytesPerRound: trend === undefined ? null : slopeOf(trend),
    practicalFloorBytes: Number.isFinite(findings.practicalFloorBytes) ? findings.practicalFloorBytes : null,
    levelBytes: levelOf(findings, asymptoteBytes),
    period: isSawtooth ? fit!.mean.cycle!.period : null,
    amplitudeBytes: isSawtooth ? median(fit!.coefficients.map((one) => one.at(-1)!)) : null,
    floorShape: isSawtooth ? growth! : null,
    settledAtRound: isSettled
      ? (trials[0]!.rounds[Math.min(settledPlace, trials[0]!.rounds.length - 1)] ?? null)
      : null,
    asymptoteBytes,
    timeConstantRounds: isSettled ? (fit!.mean.tauRounds ?? null) : null,
    steps: shape === 'staircase' ? stepsOf(findings) : [],
    outliers: outliersOf(findings),
  }
}

/** What a warm-up approaches; after low first rounds the level of the rest. */
function settledLevelOf({ fit, levelBytes }: Findings): number {
  return fit!.mean.kind === 'saturation' ? median(fit!.coefficients.map((one) => one[0]!)) : levelBytes
}

function slopeOf({ slope, low, high }: Trend): Interval {
  return { estimate: slope, low, high }
}

function levelOf({ shape, fit, trend, levelBytes }: Findings, asymptoteBytes: number | null): number | null {
  if (asymptoteBytes !== null) return asymptoteBytes
  // A level and its shifts: together they are the last level.
  if (shape === 'staircase') return median(fit!.coefficients.map((one) => one.reduce((sum, shift) => sum + shift)))
  if ((shape === 'grows' || shape === 'sawtooth') && trend !== undefined) return trend.endBytes
  return Number.isFinite(levelBytes) ? levelBytes : null
}

function stepsOf({ fit, trials }: Findings): SingleChange[] {
  return fit!.mean
    .stepPlaces!.flatMap((places, trial) =>
      places.map((place, i) => ({
        trial: trial + 1,
        round: trials[trial]!.rounds[place]!,
        bytes: fit!.coefficients[trial]![i + 1]!,
      })),
    )
    .sort((a, b) => a.round - b.round)
}

function outliersOf({ fit, trials }: Findings): SingleChange[] {
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

function horizonOf(slope: Interval | null, rounds: number | undefined): Analysis['horizon'] {
  if (slope === null || rounds === undefined) return null
  return { rounds, bytes: times(slope, rounds) }
}

function times({ estimate, low, high }: Interval, factor: number): Interval {
  return { estimate: estimate * factor, low: low * factor, high: high * factor }
}

/** When growth meets the limit, or how much room a level leaves below it. */
function limitOf(
  shape: Analysis['shape'],
  { levelBytes, amplitudeBytes, floorShape, slopeBytesPerRound }: Facts,
  { limitBytes, secondsPerRound }: AnalyzeOptions,
): LimitForecast | null {
  if (limitBytes === undefined || levelBytes === null || shape === 'inconclusive') return null
  const headroomBytes = limitBytes - levelBytes - (amplitudeBytes ?? 0)
  const isGrowing = (floorShape ?? shape) === 'grows'
  const rounds = isGrowing ? roundsUntil(headroomBytes, slopeBytesPerRound!) : null
  const seconds = rounds === null || secondsPerRound === undefined ? null : times(rounds, secondsPerRound)
  return { limitBytes, headroomBytes, rounds, seconds }
}

/** The steeper the growth, the sooner: the ends of the interval change places. Never in the past, and perhaps never at all. */
function roundsUntil(headroomBytes: number, { estimate, low, high }: Interval): Interval {
  const until = (slope: number) => (slope > 0 ? Math.max(0, headroomBytes) / slope : Number.POSITIVE_INFINITY)
  return { estimate: until(estimate), low: until(high), high: until(low) }
}
