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
 * How much each quantity may rise. A share is of the baseline's own mean; that of a slope is of the baseline's floor, each round. Bytes a
 * day are of a slope alone, and count by how long a round takes now.
 */
export type AllowedChanges = Record<'peak' | 'floor', Amount> & { slope: Tolerance }

/** One quantity of one setting, held against the stored baseline. Bytes; of a slope, bytes a round. */
export interface GateCheck {
  setting: string
  quantity: GatedQuantity
  /**
   * `regressed`: higher by more than is allowed, and beyond doubt. `improved`: the same downwards. `unclear`: more than is allowed,
   * but that may be chance. `too few trials`: nothing can be said. `not compared`: one side was not measured, or not in the same way.
   */
  state: 'ok' | 'regressed' | 'improved' | 'unclear' | 'too few trials' | 'not compared'
  /** Trials on either side. */
  trials: { before: number; after: number }
  /** Means; null where there is none. */
  before: number | null
  after: number | null
  change: number | null
  /** 95 %, of the change. */
  interval: { low: number; high: number } | null
  /** Welch's, adjusted for all checks of the comparison (Holm). */
  pValue: number | null
  /** In bytes, or bytes a round. */
  allowed: number | null
  /** Trials a side with which a change of what is allowed is found nine times in ten, at the spread seen; null without any. */
  trialsToSeeAllowed: number | null
  /** Whether more trials could change the state; set where trials are added until it is clear. */
  isClear?: boolean
}

/**
 * How improbable chance has to be, over all checks of one comparison together: a gate that cries wolf is switched off. With
 * it a comparison in which nothing changed alarms once in two hundred times, and less often still for what is allowed.
 */
const ALARM_LEVEL = 0.01

/** How often a rise of what is allowed may be taken for none because trials stopped early. */
const MISS_LEVEL = 0.05

/**
 * Holds what was measured against a stored baseline. A regression has to be both significant and larger than what is allowed:
 * significance alone would alarm at changes that matter to nobody, size alone at every unsteady trial.
 *
 * Assumes that trials are independent launches of one job on one type of machine. What differs between two runs as a whole
 * (a busy host) is not in the spread of either, and only the allowed change stands against it.
 *
 * @param looks where trials are added until the outcome is clear: p-values and intervals then hold over all looks together
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
    const decided = decide({ ...check, pValue: adjusted[next++]! })
    return looks === undefined ? decided : { ...decided, isClear: isClear(decided, tested, looks) }
  })
}

/** Whether no check can be changed by more trials. */
export function isGateClear(checks: readonly GateCheck[]): boolean {
  return checks.every((check) => check.isClear === true)
}

/** The settings that only one side has, and which are not checked. */
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
    trialsToSeeAllowed: tested === undefined || allowedBytes === null ? null : trialsToSee(allowedBytes, a, b),
  }
  return { check, tested }
}

function numbersOf(quantity: GatedQuantity, { peakBytes, floorBytes, slopeBytesPerRound }: GatedNumbers): number[] {
  return { peak: peakBytes, floor: floorBytes, slope: slopeBytesPerRound }[quantity]
}

function isOfAnotherKind(quantity: GatedQuantity, before: GatedNumbers, after: GatedNumbers): boolean {
  return quantity === 'peak' && before.hasSampledPeaks !== after.hasSampledPeaks
}

/** Null of bytes a day where no round has a length. */
function bytesOf(allowed: Tolerance, level: number, roundMs: number | null): number | null {
  if ('bytes' in allowed) return allowed.bytes
  if ('share' in allowed) return allowed.share * Math.abs(level)
  return roundMs === null ? null : (allowed.bytesPerDay * roundMs) / MS_PER_DAY
}

const MS_PER_DAY = 86_400_000

function decide(check: GateCheck): GateCheck {
  const isLarge = Math.abs(check.change!) > check.allowed!
  const isSignificant = check.pValue! < ALARM_LEVEL
  if (!isLarge) return { ...check, state: 'ok' }
  if (!isSignificant) return { ...check, state: check.change! > 0 ? 'unclear' : 'ok' }
  return { ...check, state: check.change! > 0 ? 'regressed' : 'improved' }
}

/** Nine times in ten. */
const POWER = 0.9
const MOST_TRIALS = 1000

/** By the usual two-sample formula, with the standard error that was seen: (t of the level + t of the power)² (s / change)². */
function trialsToSee(change: number, a: readonly number[], b: readonly number[]): number | null {
  const { standardError: error, degreesOfFreedom } = welch(a, b, LEVEL)!
  const reach = studentTQuantile(1 - ALARM_LEVEL / 2, degreesOfFreedom) + studentTQuantile(POWER, degreesOfFreedom)
  const size = 2 / (1 / a.length + 1 / b.length)
  const needed = Math.ceil(size * ((reach * error) / change) ** 2)
  return needed <= MOST_TRIALS ? Math.max(TRIALS_TO_DECIDE, needed) : null
}

/** `ok` is clear once a rise of what is allowed, or more, is improbable; a change that was found is clear by itself. */
function isClear({ state, trials, allowed, change }: GateCheck, tested: WelchResult, looks: Looks): boolean {
  const least = Math.min(trials.before, trials.after)
  if (state === 'regressed' || state === 'improved' || least >= looks.last) return true
  if (state !== 'ok') return false
  const { standardError, degreesOfFreedom } = tested
  if (standardError === 0) return true
  const isAsLarge = studentTCdf((change! - allowed!) / standardError, degreesOfFreedom)
  return adjustForLooks(isAsLarge, shareOfEarlyStop(least, looks)) < MISS_LEVEL
}
