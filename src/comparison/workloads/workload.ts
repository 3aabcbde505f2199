import type { ProbePlan } from '../../recording/probe/probe-when-done.js'
import type { RolePattern } from '../../recording/processes/process-name.js'
import type { RoundPattern } from '../../recording/rounds/log/round-pattern.js'
import type { Setting } from '../../results/setting.js'
import type { Mark } from '../../shared/marks.js'

/** Measurements to take in a trial in addition to its memory. */
export interface Measuring {
  probeEvery: number | undefined
  /** Folder of the order by which processes measure their heaps. */
  heapFolder: string | undefined
}

/** The subject of a trial: a job of our own runtime, or a command of the user's. */
export interface Workload {
  /** Description of the job for people: algorithm, rounds, clients, model and so on. */
  job: Record<string, string | number>
  /** Rounds of one trial; null if not known beforehand. */
  rounds: number | null
  /** Set if processes get their roles by their command lines; all descendants are then recorded. */
  tree: { roles: readonly RolePattern[] } | null
  /**
   * How the user described rounds and the processes of judged roles, for messages; null for our own
   * jobs.
   */
  asked: {
    rounds: string | null
    roles: readonly { role: string; flag: string }[]
    presetRoles: readonly RolePattern[]
  } | null
  /** Whether a program that reports no rounds is judged by its whole run as one round. */
  isOneRound: boolean
  /** Longest time of a trial; null to use the comparison's. */
  timeoutMs: number | null
  /** Time for the other processes to end on their own once those that decide have ended. */
  farewellMs: number
  /**
   * Checks the settings before anything is started.
   *
   * @throws UsageError when a setting is not possible on this machine
   */
  check(settings: readonly Setting[]): void
  /**
   * Starts the processes of one trial one after another, each once those it needs are ready. With
   * `probeEvery` our own server splits its RSS after every N-th round; in another program the trial
   * does that, by `probe()`.
   */
  start(stage: ProcessStarter, setting: Setting, measuring: Measuring): Promise<void>
  /** Returns null if no probe is taken from outside. */
  probe(): Pick<ProbePlan, 'order' | 'afterRound'> | null
  /** Returns what the setting asks of the judged processes, to check it in them. */
  expectedRuntime(setting: Setting): ExpectedRuntime
  /** Returns commands that run before and after a trial, unrecorded. */
  steps(setting: Setting): { setup: Step | null; teardown: Step | null }
}

/** Expectations that can be checked in a running process, whatever a start script did to it. */
export interface ExpectedRuntime {
  allocator: string | null
  /** Expected variables; undefined: must not be set. */
  environment: Record<string, string | undefined>
}

export interface Step {
  command: readonly string[]
  environment: Record<string, string | undefined>
  cwd: string | undefined
}

/**
 * The operations of a workload in a trial. Processes that it starts are recorded, and ended with
 * the trial.
 */
export interface ProcessStarter {
  start(process: ProcessToStart): Promise<void>
  /**
   * Waits for a mark of a process.
   *
   * @throws TargetError when the process ends, or the trial's time is up, before it wrote such a
   *   mark
   */
  waitForMark<Kind extends Mark['mark']>(processName: string, kind: Kind): Promise<Extract<Mark, { mark: Kind }>>
  /**
   * Waits until the output of a process has a matching line.
   *
   * @throws TargetError when the process ends first
   */
  waitForLine(processName: string, pattern: RegExp): Promise<void>
  /** Has the recorder read the role's processes now, as their RSS before the work. */
  readInitial(role: string): void
}

export interface ProcessToStart {
  role: string
  /** Name, unique within the trial; names its log. */
  name: string
  command: readonly string[]
  /** Variables to set; undefined removes one. */
  environment: Record<string, string | undefined>
  cwd?: string | undefined
  /** Whether it is one of our own roles, which end themselves when their owner dies. */
  owned?: boolean
  /**
   * Whether the trial waits for it: the trial is over when all that decide have ended, and succeeds
   * if they did. Default: true for the judged role.
   */
  decides?: boolean
  /** Whether its role follows its command line, see `ProcessToRecord`. */
  isNamedByCommand?: boolean
  /** How its output reports rounds. */
  rounds?: RoundPattern
  /** File that reports rounds instead of its output. */
  roundLog?: string
}
