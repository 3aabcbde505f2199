import { describeExit, type ExitStatus } from '../../launch/exit-status.js'
import type { LaunchedProcess } from '../../launch/launch.js'
import { logTail } from '../../launch/log-tail.js'
import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { ExpectedRuntime } from '../workloads/workload.js'
import { lookUp } from './setting-check.js'

/** Progress of a trial: the last round that the judged role has ended, and its newest RSS. */
export interface TrialProgress {
  round: number
  rounds: number | null
  rssBytes: number | null
}

/** A watch over the marks of a running trial. */
export interface TrialWatch {
  /** Describes how a process of the judged role ended badly. */
  describeBadEnd(process: LaunchedProcess, exit: ExitStatus): string
  close(): void
}

const TELL_EVERY_MS = 500

export interface WatchOptions {
  /** The judged roles; RSS is reported for all of them together. */
  roles: readonly string[]
  rounds: number | null
  expectedRuntime: ExpectedRuntime
  /**
   * Whether the recorder reports rounds and the expected runtime is checked in the processes; our
   * own roles do both themselves.
   */
  isForeign: boolean
  onProgress(progress: TrialProgress): void
  /** Called when a judged process lacks what the setting asks for. */
  onBroken(promise: string): void
}

/** Follows the judged roles, and reports their progress after every round and twice a second. */
export function watchTrial(recorder: RecorderHandle, options: WatchOptions): TrialWatch {
  const { roles, rounds, expectedRuntime, isForeign, onProgress, onBroken } = options
  let round = 0
  const reasons = new Map<number, string>()
  const checked = new Set<number>()
  const report = () => {
    const latest = recorder.latest()
    const pids = roles.flatMap((role) => recorder.pidsOf(role)).filter((pid) => latest.has(pid))
    const rssBytes = pids.length === 0 ? null : pids.reduce((sum, pid) => sum + latest.get(pid)!, 0)
    onProgress({ round, rounds, rssBytes })
  }
  const lookUpPromises = () => {
    for (const role of roles) {
      for (const pid of recorder.pidsOf(role)) {
        if (checked.has(pid)) continue
        const found = lookUp(pid, role, expectedRuntime)
        if (found === 'too early') continue
        checked.add(pid)
        if (found !== 'kept') onBroken(found.broken)
      }
    }
  }
  recorder.on('mark', (mark) => {
    if (mark.mark === 'end' && mark.reason !== undefined) reasons.set(mark.pid, mark.reason)
    if (!roles.includes(mark.role) || mark.mark !== 'round' || isForeign) return
    round = mark.round
    report()
  })
  recorder.on('round', (ended) => {
    if (!isForeign) return
    round = ended
    lookUpPromises()
    report()
  })
  const timer = setInterval(() => {
    if (isForeign) lookUpPromises()
    report()
  }, TELL_EVERY_MS)
  return {
    describeBadEnd: (process, exit) => {
      const progress = `after round ${round}${rounds === null ? '' : ` of ${rounds}`}`
      const ended = `${process.label} (pid ${process.pid}) ${describeExit(exit)} ${progress}`
      const said = reasons.get(process.pid) ?? lastLogLine(process.logFile)
      return said === undefined ? ended : `${ended}: ${said}`
    },
    close: () => clearInterval(timer),
  }
}

function lastLogLine(file: string | null): string | undefined {
  const line = logTail(file).split('\n').at(-1)?.trim()
  return line === '' ? undefined : `its log ends with "${line}"`
}
