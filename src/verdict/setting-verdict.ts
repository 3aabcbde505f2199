import type { Comparison, TrialResult } from '../experiment/comparison.js'
import { median } from '../statistics/median.js'
import type { Analysis } from './analysis.js'
import { analyzeRounds } from './analyze-rounds.js'
import { type Attribution, attribute, type ProbedRound } from './attribution.js'
import { type JudgedExpectation, judgeExpectation } from './expectation.js'
import { judgedRounds, type SettingSummary } from './setting-summary.js'

/** What is said of one setting: its shape, why, and whether that was expected. */
export interface SettingVerdict {
  label: string
  /** Shape, growth and forecast, of end RSS; null when no trial was completed. */
  analysis: Analysis | null
  /** Null where the judged role did not tell what its RSS is made of. */
  attribution: Attribution | null
  /** Null when nothing was expected. */
  expectation: JudgedExpectation | null
}

/** Memory that there is: what was asked for, else the cgroup's limit, else all of the machine. */
export function limitOf({ limitBytes, machine }: Pick<Comparison, 'limitBytes' | 'machine'>): {
  bytes: number
  name: 'the limit' | 'the limit of the cgroup' | 'the memory of the machine'
} {
  if (limitBytes != null) return { bytes: limitBytes, name: 'the limit' }
  if (machine.cgroupLimitBytes !== null) return { bytes: machine.cgroupLimitBytes, name: 'the limit of the cgroup' }
  return { bytes: machine.memoryBytes, name: 'the memory of the machine' }
}

export function judgeSetting(comparison: Comparison, summary: SettingSummary): SettingVerdict {
  const { label } = summary
  const completed = completedOf(comparison.trials, label)
  const { serverMemoryGcRounds, memoryGcRounds } = comparison.settings.find((one) => one.label === label)?.values ?? {}
  const gcRounds = Number(serverMemoryGcRounds ?? memoryGcRounds ?? 0)
  const rounds = completed.map((trial) => judgedRounds(trial, comparison.judge)).filter((trial) => trial.length > 0)
  const analysis =
    rounds.length === 0
      ? null
      : analyzeRounds(
          rounds.map((trial) => trial.map(({ round, end }) => ({ round, bytes: end.rssBytes }))),
          {
            gcRounds,
            floor: comparison.floor,
            limitBytes: limitOf(comparison).bytes,
            secondsPerRound: summary.roundMs === null ? undefined : summary.roundMs.median / 1000,
          },
        )
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
