import type { RecorderHandle } from '../../recording/recorder-handle.js'
import { LiveState } from '../../verdict/live/live-state.js'
import type { LiveLimit } from '../../verdict/live/live-status.js'
import { followRecorder } from './follow-recorder.js'
import { type AlertRules, watchAlerts } from './live-alerts.js'
import { canShowBlock, showLiveBlock } from './live-display.js'
import { verdictLines } from './verdict-lines.js'

export interface SessionOptions {
  /** Command line, or the process that is attached to. */
  command: readonly string[]
  /**
   * Limit that the forecasts use; left out: the limit of the program's cgroup, else the memory of
   * the machine.
   */
  limit?: Pick<LiveLimit, 'bytes' | 'name'>
  /** Length of the windows that stand for rounds where the program reports none. */
  windowMs: number
  /** Whether to print only a line when a verdict changes, without a block in the terminal. */
  isQuiet: boolean
  alerts: AlertRules
  /** Folder of the recording. */
  folder: string
  /** Growth per round below which memory counts as level; default: 0.1 % of the level. */
  tolerance?: { bytes: number } | { share: number }
}

/**
 * The display, server and alerts of a recording in progress, shared by `run`, `attach` and `soak`.
 */
export interface LiveSession {
  readonly state: LiveState
  /**
   * Follows a recorder: for `onRecorder` of a recording, which must have been started with
   * {@link latestIntervalOf}.
   */
  follow(recorder: RecorderHandle): void
  /** Prints an urgent message without disturbing the display. */
  say(text: string): void
  /** Reports that the command runs and how `--do stop` can end it. */
  started(control: { end(why: string): void }): void
  /** Returns the conditions of `--fail-when` that were true. */
  failed(): readonly string[]
  /** Removes the display after the program has ended, and waits for the commands of alerts. */
  end(): Promise<void>
}

/** Interval of the samples that are shown: one a second, and several in a short window. */
export function latestIntervalOf(windowMs: number): number {
  return Math.min(1000, windowMs / 4)
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
    limit: limit ?? null,
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
