/** The shapes of `comparison.json`: settings x trials of one job, and what came of each trial (docs/file-formats.md). */

import type { RoundRecord } from '../recording/recording.js'
import type { MachineFacts } from '../shared/machine-facts.js'
import type { AttributionMark } from '../shared/marks.js'
import type { Setting } from './setting.js'
import type { Shard } from './shard.js'
import type { Tolerance } from './tolerance.js'

/** One ref, as it was when the comparison was planned: a branch may move on before it is resumed. */
export interface PlannedRef {
  /** As it was asked for; unique within a plan. */
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
  /** What was run, for people: algorithm, rounds, clients, model, trainer and so on. */
  job: Record<string, string | number>
  /** Bytes of one full set of weights, M; null until a trial told it. */
  modelBytes: number | null
  /** The role that is judged. */
  judge: string
  seed: number
  trialsPerSetting: number
  /**
   * Set where trials were added until everything was decided: how many a setting had at the first look, and would have had at
   * the last one. Every claim of a difference or of growth holds over all looks together.
   */
  looks?: { first: number; last: number }
  /** The words of the command line that it was planned by, but for trials and seed; absent: by a program of the user's. */
  repeat?: string[]
  /** Set of a part that one of several machines runs; `tidemark merge` joins them. */
  shard?: Shard
  machine: MachineFacts
  /** Set where git refs are an axis: the commits that they were. */
  refs?: PlannedRef[]
  settings: Setting[]
  /** What memory must stay below, where it was given; otherwise that is what the cgroup or the machine has. */
  limitBytes?: number | null
  /** Growth that is too little to matter; absent: 0.1 % of the level a round. */
  tolerance?: Tolerance
  /** The older name of `tolerance`: read, and no longer written. */
  floor?: Tolerance
  /** What the suite expects of each setting, by label: of each list one shape. Empty when nothing is expected. */
  expectations: Record<string, string[][]>
  /** In the order in which they ran. */
  trials: TrialResult[]
  /** Trials in which the judged role was probed on the way. Never among the others: a probe collects and purges. */
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
  /** Of a probe trial, the probes on the way. */
  probes?: AttributionMark[]
  warnings: string[]
}
