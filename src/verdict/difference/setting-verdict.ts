import { type CleanupPeriod, periodOfRounds, periodOfSetting } from '../../recording/rounds/cleanup-period.js'
import { heldBytes, movingSwap } from '../../recording/swap.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import { median } from '../../statistics/median.js'
import { type Attribution, attribute, type ProbedRound } from '../attribution.js'
import { type JudgedExpectation, judgeExpectation } from '../gate/expectation.js'
import { shareOfLook } from '../looks.js'
import type { RoundBytes } from '../series/round-series.js'
import type { Analysis, AnalyzeOptions } from '../shape/analysis.js'
import { analyzeRounds } from '../shape/analyze-rounds.js'
import { ALPHA } from '../shape/growth.js'
import { judgedRounds, type SettingSummary } from './setting-summary.js'

/** The verdict on one setting: its shape, the cause, and whether it was expected. */
export interface SettingVerdict {
  label: string
  /** Shape, growth and forecast, of end RSS; null when no trial was completed. */
  analysis: Analysis | null
  /** Null where the judged role did not report the parts of its RSS. */
  attribution: Attribution | null
  /** Null when nothing was expected. */
  expectation: JudgedExpectation | null
}

/**
 * Returns the memory limit: the one that was asked for, else the cgroup's, else all memory of the
 * machine.
 */
export function limitOf({ limitBytes, machine }: Pick<Comparison, 'limitBytes' | 'machine'>): {
  bytes: number
  name: 'the limit' | 'the limit of the cgroup' | 'the memory of the machine'
} {
  if (limitBytes != null) return { bytes: limitBytes, name: 'the limit' }
  if (machine.cgroupLimitBytes !== null) return { bytes: machine.cgroupLimitBytes, name: 'the limit of the cgroup' }
  return { bytes: machine.memoryBytes, name: 'the memory of the machine' }
}

/**
 * Returns the rounds of all completed trials of a setting, and the options that its shape is judged
 * with; undefined where no trial was completed.
 */
export function settingToJudge(
  comparison: Comparison,
  { label, roundMs }: SettingSummary,
): { trials: RoundBytes[][]; options: AnalyzeOptions } | undefined {
  const rounds = completedOf(comparison.trials, label).map((trial) => judgedRounds(trial, comparison.judge))
  const trials = rounds
    .filter((trial) => trial.length > 0)
    .map((trial) => {
      const isSwapping = movingSwap(trial.map(({ end }) => end)) !== undefined
      return trial.map(({ round, end }) => ({ round, bytes: heldBytes(end, isSwapping) }))
    })
  if (trials.length === 0) return undefined
  return {
    trials,
    options: {
      gcRounds: gcRoundsOf(comparison, label),
      tolerance: comparison.tolerance ?? comparison.floor,
      limitBytes: limitOf(comparison).bytes,
      alpha: comparison.looks && ALPHA * shareOfLook(trials.length, comparison.looks),
      secondsPerRound: roundMs === null ? undefined : roundMs.median / 1000,
    },
  }
}

/**
 * Returns the rounds between cleanups; undefined where they are not known, so that a period is
 * searched for.
 */
function gcRoundsOf(comparison: Comparison, label: string): number | undefined {
  return cleanupPeriodOf(comparison, label)?.rounds
}

/**
 * Returns the rounds between cleanups. The log of the judged program takes precedence over the
 * setting.
 */
export function cleanupPeriodOf(comparison: Comparison, label: string): CleanupPeriod | undefined {
  const setting = periodOfSetting(comparison.settings.find((one) => one.label === label)?.values ?? {})
  if (setting?.from.kind === 'own axis') return setting
  for (const trial of completedOf(comparison.trials, label)) {
    const recorded = periodOfRounds(judgedRounds(trial, comparison.judge))
    if (recorded !== undefined) return recorded
  }
  return setting
}

export function judgeSetting(comparison: Comparison, summary: SettingSummary): SettingVerdict {
  const { label } = summary
  const completed = completedOf(comparison.trials, label)
  const gcRounds = gcRoundsOf(comparison, label) ?? 0
  const toJudge = settingToJudge(comparison, summary)
  const analysis = toJudge === undefined ? null : analyzeRounds(toJudge.trials, toJudge.options)
  const expected = comparison.expectations[label]
  return {
    label,
    analysis,
    attribution: analysis === null ? null : attributionOf(comparison, summary, { completed, gcRounds, analysis }),
    expectation: expected === undefined ? null : judgeExpectation(expected, analysis ?? undefined),
  }
}

function attributionOf(
  comparison: Comparison,
  { label, initialRssBytes }: SettingSummary,
  { completed, gcRounds, analysis }: { completed: TrialResult[]; gcRounds: number; analysis: Analysis },
): Attribution | null {
  const probes = completedOf(comparison.probeTrials ?? [], label).map(({ probes }) => probes ?? [])
  const found = attribute({
    ends: completed.flatMap(({ attribution }) => attribution ?? []),
    rounds: analysis.rounds,
    probes: probes.map((trial) =>
      trial.filter((probe): probe is typeof probe & ProbedRound => probe.round !== undefined),
    ),
    baseBytes: initialRssBytes === null ? null : median(initialRssBytes.values),
    modelBytes: comparison.modelBytes,
    gcRounds,
    analysis,
  })
  return found ?? null
}

function completedOf(trials: readonly TrialResult[], label: string): TrialResult[] {
  return trials.filter(({ setting, state }) => setting === label && state === 'completed')
}
