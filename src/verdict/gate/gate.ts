import type { Amount, Tolerance } from '../../results/tolerance.js'
import { studentTCdf, studentTQuantile } from '../../statistics/distributions/student-t.js'
import { mean } from '../../statistics/mean.js'
import { holm } from '../../statistics/tests/holm.js'
import { type WelchResult, welch } from '../../statistics/tests/welch.js'
import { LEVEL, TRIALS_TO_DECIDE } from '../difference/compare-settings.js'
import { adjustForLooks, type Looks, shareOfEarlyStop, shareOfLook } from '../looks.js'
import type { GatedNumbers } from './gated-numbers.js'

export const GATED_QUANTITIES = ['peak', 'floor', 'slope'] as const
export type GatedQuantity = (typeof GATED_QUANTITIES)[number]

/**
 * How much each quantity may rise. A share refers to the baseline's own mean; for a slope, to the
 * baseline's floor, each round. Bytes a day apply to a slope alone, and are converted by the
 * current length of a round.
 */
export type AllowedChanges = Record<'peak' | 'floor', Amount> & { slope: Tolerance }

/**
 * One quantity of one setting, compared with the stored baseline. In bytes; a slope in bytes a
 * round.
 */
export interface GateCheck {
  setting: string
  quantity: GatedQuantity
  /**
   * `regressed`: higher by more than is allowed, and beyond doubt. `improved`: the same downwards.
   * `unclear`: more than is allowed, but that may be chance. `too few trials`: there are too few
   * for a test. `not compared`: one side was not measured, or not in the same way.
   */
  state: 'ok' | 'regressed' | 'improved' | 'unclear' | 'too few trials' | 'not compared'
  /** Number of trials on either side. */
  trials: { before: number; after: number }
  /** Means; null where there is none. */
  before: number | null
  after: number | null
  change: number | null
  /** 95 % interval of the change. */
  interval: { low: number; high: number } | null
  /** p-value of Welch's test, adjusted for all checks of the comparison (Holm). */
  pValue: number | null
  /** Allowed change in bytes, or bytes a round. */
  allowed: number | null
  /**
   * Trials a side that find a change of the allowed size nine times in ten, at the observed spread;
   * null without a spread.
   */
  trialsToSeeAllowed: number | null
  /**
   * True where more trials cannot change the state; set where trials are added until it is clear.
   */
  isClear?: boolean
}

/**
 * Significance level over all checks of one comparison together. It is low because a gate that
 * cries wolf is switched off: with a stored baseline, whose luck stays, a comparison in which
 * nothing changed alarms once in two hundred times. Versions that are measured in turn have no such
 * luck, and may alarm once in a hundred times: a peak 5 % higher would be missed too often. The
 * allowed change makes both rarer still.
 */
const ALARM_LEVEL = { ofBaseline: 0.01, inTurn: 0.02 }

/** How often early stopping may miss a rise of the allowed size. */
const MISS_LEVEL = 0.05

/**
 * Compares measurements with a stored baseline. A regression has to be both significant and larger
 * than allowed: significance alone would alarm at changes that do not matter, size alone at every
 * unsteady trial.
 *
 * Assumes that trials are independent launches of one job on one type of machine. A difference
 * between two whole runs (a busy host) is not in the spread of either; only the allowed change
 * guards against it.
 *
 * @param looks where trials are added until the outcome is clear: p-values and intervals then hold
 *   over all looks together
 * @returns a check for each quantity of each setting that both sides have, in the order of `now`
 */
export function gate(
  baseline: readonly GatedNumbers[],
  now: readonly GatedNumbers[],
  allowed: AllowedChanges,
  looks?: Looks,
): GateCheck[] {
  const drafts = now.flatMap((after) => {
    const before = baseline.find(({ label }) => label === after.label)
    if (before === undefined) return []
    return GATED_QUANTITIES.map((quantity) => draftOf(quantity, { before, after }, allowed[quantity], looks))
  })
  const adjusted = holm(drafts.flatMap(({ tested }) => tested?.pValue ?? []))
  let next = 0
  return drafts.map(({ check, tested }) => {
    if (tested === undefined) return looks === undefined ? check : { ...check, isClear: check.state === 'not compared' }
    const decided = decide({ ...check, pValue: adjusted[next++]! }, alarmLevel(looks))
    return looks === undefined ? decided : { ...decided, isClear: isClear(decided, tested, looks) }
  })
}

/**
 * Tells whether both sides were measured and in different ways: exact peaks beside sampled ones.
 */
export function isIncomparable({ state, before, after }: GateCheck): boolean {
  return state === 'not compared' && before !== null && after !== null
}

/** Tells whether more trials can change no check. */
export function isGateClear(checks: readonly GateCheck[]): boolean {
  return checks.every((check) => check.isClear === true)
}

/** Returns the settings that only one side has; they are not checked. */
export function settingsOfOneSide(
  baseline: readonly GatedNumbers[],
  now: readonly GatedNumbers[],
): { added: string[]; gone: string[] } {
  const without = (some: readonly GatedNumbers[], others: readonly GatedNumbers[]) =>
    some.map(({ label }) => label).filter((label) => !others.some((other) => other.label === label))
  return { added: without(now, baseline), gone: without(baseline, now) }
}

interface Draft {
  check: GateCheck
  tested: WelchResult | undefined
}

function draftOf(
  quantity: GatedQuantity,
  { before, after }: { before: GatedNumbers; after: GatedNumbers },
  allowed: Tolerance,
  looks: Looks | undefined,
): Draft {
  const [a, b] = [numbersOf(quantity, before), numbersOf(quantity, after)]
  const levelBytes = a.length === 0 ? null : mean(quantity === 'slope' ? before.floorBytes : a)
  const allowedBytes = levelBytes === null ? null : bytesOf(allowed, levelBytes, after.roundMs ?? null)
  const isComparable = b.length > 0 && allowedBytes !== null && !isOfAnotherKind(quantity, before, after)
  const isEnough = Math.min(a.length, b.length) >= TRIALS_TO_DECIDE
  const share = looks === undefined ? 1 : shareOfLook(Math.min(a.length, b.length), looks)
  const measured = isComparable && isEnough && share > 0 ? welch(a, b, 1 - (1 - LEVEL) * share) : undefined
  const tested = measured && { ...measured, pValue: adjustForLooks(measured.pValue, share) }
  const check: GateCheck = {
    setting: after.label,
    quantity,
    state: isComparable ? 'too few trials' : 'not compared',
    trials: { before: a.length, after: b.length },
    before: a.length === 0 ? null : mean(a),
    after: b.length === 0 ? null : mean(b),
    change: isComparable ? mean(b) - mean(a) : null,
    interval: tested === undefined ? null : { low: tested.low, high: tested.high },
    pValue: null,
    allowed: allowedBytes,
    trialsToSeeAllowed:
      tested === undefined || allowedBytes === null ? null : trialsToSee(allowedBytes, a, b, alarmLevel(looks)),
  }
  return { check, tested }
}

function numbersOf(quantity: GatedQuantity, { peakBytes, floorBytes, slopeBytesPerRound }: GatedNumbers): number[] {
  return { peak: peakBytes, floor: floorBytes, slope: slopeBytesPerRound }[quantity]
}

function isOfAnotherKind(quantity: GatedQuantity, before: GatedNumbers, after: GatedNumbers): boolean {
  return quantity === 'peak' && before.hasSampledPeaks !== after.hasSampledPeaks
}

/**
 * Converts the allowed change to bytes; null for bytes a day where the length of a round is not
 * known.
 */
function bytesOf(allowed: Tolerance, level: number, roundMs: number | null): number | null {
  if ('bytes' in allowed) return allowed.bytes
  if ('share' in allowed) return allowed.share * Math.abs(level)
  return roundMs === null ? null : (allowed.bytesPerDay * roundMs) / MS_PER_DAY
}

const MS_PER_DAY = 86_400_000

function alarmLevel(looks: Looks | undefined): number {
  return looks === undefined ? ALARM_LEVEL.ofBaseline : ALARM_LEVEL.inTurn
}

function decide(check: GateCheck, level: number): GateCheck {
  const isLarge = Math.abs(check.change!) > check.allowed!
  const isSignificant = check.pValue! < level
  if (!isLarge) return { ...check, state: 'ok' }
  if (!isSignificant) return { ...check, state: check.change! > 0 ? 'unclear' : 'ok' }
  return { ...check, state: check.change! > 0 ? 'regressed' : 'improved' }
}

/** Power of {@link GateCheck.trialsToSeeAllowed}. */
const POWER = 0.9
const MOST_TRIALS = 1000

/**
 * Uses the usual two-sample formula with the observed standard error: (t of the level + t of the
 * power)² (s / change)².
 */
function trialsToSee(change: number, a: readonly number[], b: readonly number[], level: number): number | null {
  const { standardError: error, degreesOfFreedom } = welch(a, b, LEVEL)!
  const reach = studentTQuantile(1 - level / 2, degreesOfFreedom) + studentTQuantile(POWER, degreesOfFreedom)
  const size = 2 / (1 / a.length + 1 / b.length)
  const needed = Math.ceil(size * ((reach * error) / change) ** 2)
  return needed <= MOST_TRIALS ? Math.max(TRIALS_TO_DECIDE, needed) : null
}

/**
 * Tells whether a state is final. `ok` is final once a rise of the allowed size or more is
 * improbable; a change that was found is final at once.
 */
function isClear({ state, trials, allowed, change }: GateCheck, tested: WelchResult, looks: Looks): boolean {
  const least = Math.min(trials.before, trials.after)
  if (state === 'regressed' || state === 'improved' || least >= looks.last) return true
  if (state !== 'ok') return false
  const { standardError, degreesOfFreedom } = tested
  if (standardError === 0) return true
  const isAsLarge = studentTCdf((change! - allowed!) / standardError, degreesOfFreedom)
  return adjustForLooks(isAsLarge, shareOfEarlyStop(least, looks)) < MISS_LEVEL
}
