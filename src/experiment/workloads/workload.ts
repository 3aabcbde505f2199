import type { Mark } from '../../marks.js'
import type { Setting } from '../settings.js'

/** What runs in a trial. Our own runtime is one; a command of the user's can be another. */
export interface Workload {
  /** What is run, for people: algorithm, rounds, clients, model and so on. */
  job: Record<string, string | number>
  /** Rounds of one trial; null when they are not known beforehand. */
  rounds: number | null
  /** @throws UsageError when a setting cannot be had on this machine, before anything is started */
  check(settings: readonly Setting[]): void
  /** Starts the processes of one trial on the stage, one after another, each once those it needs are ready. */
  start(stage: Stage, setting: Setting): Promise<void>
}

/** What a workload may do in a trial. Whatever it starts is recorded, and ended with the trial. */
export interface Stage {
  start(process: StageProcess): Promise<void>
  /** @throws TargetError when the process ends, or the trial's time is up, before it wrote such a mark */
  waitForMark<Kind extends Mark['mark']>(processName: string, kind: Kind): Promise<Extract<Mark, { mark: Kind }>>
}

export interface StageProcess {
  role: string
  /** Unique within the trial; names its log. */
  name: string
  command: readonly string[]
  /** Variables to set; undefined takes one away. */
  environment: Record<string, string | undefined>
  /** One of our own roles, which ends itself when its owner dies. */
  owned?: boolean
}
