/**
 * The shapes of `comparison.json`: settings x trials of one job, and what came of each trial
 * (docs/file-formats.md).
 */

import type { RoundRecord } from '../recording/recording.js'
import type { MachineFacts } from '../shared/machine-facts.js'
import type { AttributionMark } from '../shared/marks.js'
import type { Setting } from './setting.js'
import type { Shard } from './shard.js'
import type { Tolerance } from './tolerance.js'

/** A ref as it was when the comparison was planned: a branch may move before it is resumed. */
export interface PlannedRef {
  /** The ref as given; unique within a plan. */
  ref: string
  /** All 40 digits (or 64). */
  commit: string
  /** The first line of its message. */
  subject: string
}

export interface Comparison {
  format: 'tidemark-comparison/1'
  name: string
  /** Unix time in ms. */
  createdMs: number
  updatedMs: number
  state: 'running' | 'completed' | 'stopped'
  /** A description of the job for people: algorithm, rounds, clients, model, trainer and so on. */
  job: Record<string, string | number>
  /** Bytes of one full set of weights, M; null until a trial reports it. */
  modelBytes: number | null
  /** The judged role. */
  judge: string
  seed: number
  trialsPerSetting: number
  /**
   * Set where trials were added until everything was decided: how many a setting had at the first
   * look, and would have had at the last one. Every claim of a difference or of growth holds over
   * all looks together.
   */
  looks?: { first: number; last: number }
  /**
   * The words of its command line, without trials and seed; absent for a comparison planned by a
   * program.
   */
  repeat?: string[]
  /** Set for a part that one of several machines runs; `tidemark merge` joins parts. */
  shard?: Shard
  machine: MachineFacts
  /** The commits, where git refs are an axis. */
  refs?: PlannedRef[]
  settings: Setting[]
  /** The memory limit, if given; otherwise the cgroup's or the machine's memory is the limit. */
  limitBytes?: number | null
  /** Growth that is too little to matter; absent: 0.1 % of the level a round. */
  tolerance?: Tolerance
  /** The older name of `tolerance`, read but not written. */
  floor?: Tolerance
  /**
   * The expected shapes of each setting, by label: one of each list. Empty without expectations.
   */
  expectations: Record<string, string[][]>
  /** In the order of their runs. */
  trials: TrialResult[]
  /**
   * Trials with probes on the way, kept apart from the others because a probe collects and purges.
   */
  probeTrials?: TrialResult[]
  warnings: string[]
}

export interface TrialResult {
  /** Place in the schedule, from 1; also the number of its folder. */
  index: number
  setting: string
  /** Trial of that setting, from 1. */
  trial: number
  /** Relative to the comparison's folder. */
  folder: string
  state: 'completed' | 'failed' | 'stopped'
  reason: string | null
  startedMs: number
  endedMs: number
  /** Round records of every role. */
  rounds: RoundRecord[]
  initialRssBytes: number | null
  attribution: AttributionMark | null
  /** The probes of a probe trial. */
  probes?: AttributionMark[]
  warnings: string[]
}
