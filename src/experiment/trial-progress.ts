import { describeExit, type ExitStatus } from '../launch/exit-status.js'
import type { LaunchedProcess } from '../launch/launch.js'
import { logTail } from '../launch/log-tail.js'
import type { RecorderHandle } from '../recording/recorder.js'

/** Where a trial stands: the last round that the judged role has ended, and its newest RSS. */
export interface TrialProgress {
  round: number
  rounds: number | null
  rssBytes: number | null
}

/** What the marks of a running trial tell. */
export interface TrialWatch {
  /** What is to be said of a process of the judged role that did not end well. */
  describeBadEnd(process: LaunchedProcess, exit: ExitStatus): string
  close(): void
}

const TELL_EVERY_MS = 500

/** Follows the judged role's marks, and tells where it stands after every round and twice a second. */
export function watchTrial(
  recorder: RecorderHandle,
  watch: { judge: string; rounds: number | null; onProgress(progress: TrialProgress): void },
): TrialWatch {
  const { judge, rounds, onProgress } = watch
  let round = 0
  let pid = 0
  const reasons = new Map<number, string>()
  const tell = () => onProgress({ round, rounds, rssBytes: recorder.latest().get(pid) ?? null })
  recorder.onMark((mark) => {
    if (mark.mark === 'end' && mark.reason !== undefined) reasons.set(mark.pid, mark.reason)
    if (mark.role !== judge) return
    pid = mark.pid
    if (mark.mark !== 'round') return
    round = mark.round
    tell()
  })
  const timer = setInterval(tell, TELL_EVERY_MS)
  return {
    describeBadEnd: (process, exit) => {
      const progress = `after round ${round}${rounds === null ? '' : ` of ${rounds}`}`
      const ended = `${process.whom} (pid ${process.pid}) ${describeExit(exit)} ${progress}`
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
