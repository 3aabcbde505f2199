/** CI runs of one job as a gate sees them: round records, drawn at random, of trials that scatter as trials do. */
import { readMachineFacts } from '../../src/linux/machine.js'
import type { Comparison, TrialResult } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { drawsOf } from '../support/draws.js'

export interface SimulatedRun {
  seed: number
  /** Of the trials alone, where two versions are measured in one run: what the machine adds is then the same. */
  trialSeed?: number
  settings: number
  trials: number
  rounds: number
  /** Standard deviation between trials, as a share of the level. */
  spread: number
  /** What this run's machine adds to all of its trials alike, standard deviation as a share of the level. */
  runSpread?: number
  /** Factor on every peak. */
  peakFactor?: number
  /** Bytes a round on top. */
  leakBytes?: number
}

export const BASE = 400 * MIB
const SPIKE = 150 * MIB

/** A server that holds 400 MiB and rises by 150 more within each round. */
export function simulatedRun(run: SimulatedRun): Comparison {
  const { normal: ofMachine } = drawsOf(run.seed)
  const settings = Array.from({ length: run.settings }, (_, i) => ({ label: `gc=${i}`, values: { gc: i } }))
  const shift = 1 + (run.runSpread ?? 0) * ofMachine()
  const normal = run.trialSeed === undefined ? ofMachine : drawsOf(run.trialSeed).normal
  const trials = settings.flatMap(({ label }) =>
    Array.from({ length: run.trials }, (_, i) => trialOf(run, label, i + 1, shift, normal)),
  )
  return {
    format: 'tidemark-comparison/1',
    name: 'simulated',
    createdMs: 0,
    updatedMs: 0,
    state: 'completed',
    job: { rounds: run.rounds },
    modelBytes: null,
    judge: 'server',
    seed: run.seed,
    trialsPerSetting: run.trials,
    machine: readMachineFacts(),
    settings,
    expectations: {},
    trials,
    warnings: [],
  }
}

function trialOf(
  { rounds, spread, peakFactor = 1, leakBytes = 0 }: SimulatedRun,
  setting: string,
  trial: number,
  shift: number,
  normal: () => number,
): TrialResult {
  const level = shift * (1 + spread * normal())
  const records = Array.from({ length: rounds }, (_, i): TrialResult['rounds'][number] => {
    const rssBytes = level * BASE + leakBytes * (i + 1) + 0.002 * BASE * normal()
    return {
      role: 'server',
      name: 'server',
      pid: trial,
      round: i + 1,
      startedMs: i * 1000,
      endedMs: (i + 1) * 1000,
      peakBytes: peakFactor * (rssBytes + level * SPIKE),
      peakKind: 'exact',
      work: null,
      end: { rssBytes, rssAnonBytes: rssBytes, rssFileBytes: 0, rssShmemBytes: 0 },
      cleanup: null,
      accuracy: null,
    }
  })
  return {
    index: trial,
    setting,
    trial,
    folder: '',
    state: 'completed',
    reason: null,
    startedMs: 0,
    endedMs: rounds * 1000,
    rounds: records,
    initialRssBytes: null,
    attribution: null,
    warnings: [],
  }
}
