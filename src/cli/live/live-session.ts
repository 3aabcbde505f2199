import { readMachineFacts } from '../../linux/machine.js'
import type { RecorderHandle } from '../../recording/recorder-handle.js'
import { LiveState } from '../../verdict/live/live-state.js'
import type { LiveLimit } from '../../verdict/live/live-status.js'
import { followRecorder } from './follow-recorder.js'
import { type AlertRules, watchAlerts } from './live-alerts.js'
import { canShowBlock, showLiveBlock } from './live-display.js'
import { verdictLines } from './verdict-lines.js'

export interface SessionOptions {
  /** The command line, or what is attached to. */
  command: readonly string[]
  /** What the forecasts are made for; left out: the limit of the cgroup, else the memory of the machine. */
  limit?: LiveLimit
  /** Length of the windows that stand for rounds where none are told. */
  windowMs: number
  /** No block in the terminal, only a line when a verdict changes. */
  isQuiet: boolean
  alerts: AlertRules
  /** The recording's. */
  folder: string
  /** Growth a round below which memory is level; default: 0.1 % of the level. */
  tolerance?: { bytes: number } | { share: number }
}

/** What is shown, served and watched while a program is recorded. One for `run`, `attach` and `soak`. */
export interface LiveSession {
  readonly state: LiveState
  /** For `onRecorder` of a recording, which has to be started with `isWatched`. */
  follow(recorder: RecorderHandle): void
  /** Prints what must be read at once, without disturbing what is shown. */
  say(text: string): void
  /** The command runs, and may be ended by `--do stop`. */
  started(control: { end(why: string): void }): void
  /** Conditions of `--fail-when` that were true. */
  failed(): readonly string[]
  /** The program has ended: takes away what was shown, and waits for the commands of alerts. */
  end(): Promise<void>
}

export function startLiveSession({
  command,
  limit,
  windowMs,
  isQuiet,
  alerts,
  folder,
  tolerance,
}: SessionOptions): LiveSession {
  const state = new LiveState({
    command,
    startedMs: Date.now(),
    limit: limit ?? limitHere(),
    windowMs,
    ...(tolerance && { tolerance }),
  })
  const say = (text: string) => void process.stderr.write(`tidemark: ${text}\n`)
  const hasBlock = !isQuiet && canShowBlock(process.stderr)
  const close = hasBlock ? showLiveBlock(state, process.stderr) : verdictLines(state, say)
  let recorder: RecorderHandle | undefined
  let control: { end(why: string): void } | undefined
  const watched = watchAlerts(alerts, {
    state,
    folder,
    say,
    stop: (why) => control?.end(why),
    recorder: () => recorder,
  })
  return {
    state,
    say,
    follow: (started) => {
      recorder = started
      followRecorder(started, state)
    },
    started: (started) => {
      control = started
    },
    failed: watched.failed,
    end: async () => {
      state.end(Date.now())
      close()
      await watched.close()
    },
  }
}

/** The limit of our cgroup, else the memory of the machine. */
export function limitHere(): LiveLimit {
  const { cgroupLimitBytes, memoryBytes } = readMachineFacts()
  return cgroupLimitBytes === null
    ? { bytes: memoryBytes, name: 'the memory of the machine' }
    : { bytes: cgroupLimitBytes, name: 'the limit of the cgroup' }
}
