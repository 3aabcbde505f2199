import type { ProbePlan } from '../../recording/probe/probe-when-done.js'
import type { RolePattern } from '../../recording/processes/process-name.js'
import type { RoundPattern } from '../../recording/rounds/log/round-pattern.js'
import type { Setting } from '../../results/setting.js'
import type { Mark } from '../../shared/marks.js'

/** What runs in a trial: a job of our own runtime, or a command of the user's. */
/** What is measured in a trial besides its memory. */
export interface Measuring {
  probeEvery: number | undefined
  /** The folder with the order by which processes measure their heaps. */
  heapFolder: string | undefined
}

export interface Workload {
  /** What is run, for people: algorithm, rounds, clients, model and so on. */
  job: Record<string, string | number>
  /** Rounds of one trial; null when they are not known beforehand. */
  rounds: number | null
  /** Set where processes find their roles by their command lines: then all descendants are recorded. */
  tree: { roles: readonly RolePattern[] } | null
  /** How the user said where rounds are, and which processes have the judged roles, for messages; null where we know. */
  asked: {
    rounds: string | null
    roles: readonly { role: string; flag: string }[]
    presetRoles: readonly RolePattern[]
  } | null
  /** True when a program that tells of no rounds is judged by its whole run, as if it were one round. */
  isOneRound: boolean
  /** How long one trial may take; null leaves that to the comparison. */
  timeoutMs: number | null
  /** How long the other processes may take to end by themselves once those that decide have ended. */
  farewellMs: number
  /** @throws UsageError when a setting cannot be had on this machine, before anything is started */
  check(settings: readonly Setting[]): void
  /**
   * Starts the processes of one trial on the stage, one after another, each once those it needs are ready. With `probeEvery`
   * our own server splits its RSS after every N-th round; in another program the trial does that, by `probe()`.
   */
  start(stage: Stage, setting: Setting, measuring: Measuring): Promise<void>
  /** Null where no probe is taken from outside. */
  probe(): Pick<ProbePlan, 'order' | 'afterRound'> | null
  /** What the setting asks of the judged processes, to be found in them. */
  expectedRuntime(setting: Setting): ExpectedRuntime
  /** Commands that run before and after a trial, unrecorded. */
  steps(setting: Setting): { setup: Step | null; teardown: Step | null }
}

/** What can be looked up in a running process, whatever a start script made of what it was given. */
export interface ExpectedRuntime {
  allocator: string | null
  /** Undefined: it must not be set. */
  environment: Record<string, string | undefined>
}

export interface Step {
  command: readonly string[]
  environment: Record<string, string | undefined>
  cwd: string | undefined
}

/** What a workload may do in a trial. Whatever it starts is recorded, and ended with the trial. */
export interface Stage {
  start(process: StageProcess): Promise<void>
  /** @throws TargetError when the process ends, or the trial's time is up, before it wrote such a mark */
  waitForMark<Kind extends Mark['mark']>(processName: string, kind: Kind): Promise<Extract<Mark, { mark: Kind }>>
  /** Waits until the output of a process has a line that fits. @throws TargetError when it ends first */
  waitForLine(processName: string, pattern: RegExp): Promise<void>
  /** Has the recorder read the role's processes now: this is their RSS before the work. */
  readInitial(role: string): void
}

export interface StageProcess {
  role: string
  /** Unique within the trial; names its log. */
  name: string
  command: readonly string[]
  /** Variables to set; undefined takes one away. */
  environment: Record<string, string | undefined>
  cwd?: string | undefined
  /** One of our own roles, which ends itself when its owner dies. */
  owned?: boolean
  /** The trial is over when all that decide have ended, and went well when they did. Default: those of the judged role. */
  decides?: boolean
  /** True when its role follows its command line, see `ProcessToRecord`. */
  isNamedByCommand?: boolean
  /** How its output tells of rounds. */
  rounds?: RoundPattern
  /** The file that tells of them in place of its output. */
  roundLog?: string
}
