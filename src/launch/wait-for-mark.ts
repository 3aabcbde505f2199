import { TargetError } from '../shared/errors.js'
import type { Mark } from '../shared/marks.js'
import { formatDuration } from '../shared/units.js'
import { describeExit } from './exit-status.js'
import { followLines } from './follow-lines.js'
import type { LaunchedProcess } from './launch.js'
import { logTail } from './log-tail.js'

export interface MarkWait {
  deadlineMs: number
  /** What the wait is for, as it follows "within 30 s": `the server to listen`. */
  what: string
  /** Process that writes the mark. When it ends first, the wait ends too. */
  process: LaunchedProcess
  signal?: AbortSignal | undefined
}

/**
 * Waits for the first matching mark in a file; marks that are already there count.
 *
 * @throws TargetError when the process ends first or the deadline passes. Its message names the
 *   process and ends with the last lines of the log. Rejects with the signal's reason when the
 *   signal is aborted.
 */
export async function waitForMark<Wanted extends Mark = Mark>(
  file: string,
  fits: (mark: Mark) => mark is Wanted,
  wait: MarkWait,
): Promise<Wanted>
export async function waitForMark(file: string, fits: (mark: Mark) => boolean, wait: MarkWait): Promise<Mark>
export async function waitForMark(file: string, fits: (mark: Mark) => boolean, wait: MarkWait): Promise<Mark> {
  wait.signal?.throwIfAborted()
  const done = new AbortController()
  try {
    return await new Promise<Mark>((resolve, reject) => {
      const lines = followLines(file, (line) => {
        const mark = parseMark(line)
        if (mark !== undefined && fits(mark)) resolve(mark)
      })
      const timer = setTimeout(() => reject(tooLate(wait)), wait.deadlineMs)
      wait.signal?.addEventListener('abort', () => reject(wait.signal!.reason), { signal: done.signal })
      void wait.process.exited.then(() => {
        if (done.signal.aborted) return
        lines.readNow() // the process may have written the mark and ended
        reject(endedFirst(wait))
      })
      done.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        lines.close()
      })
    })
  } finally {
    done.abort()
  }
}

/**
 * Parses a line. The writer vouches for the shape of its marks; other lines, without a JSON object
 * that has a `mark`, give undefined.
 */
function parseMark(line: string): Mark | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isMark = typeof value === 'object' && value !== null && 'mark' in value && typeof value.mark === 'string'
    return isMark ? (value as Mark) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function tooLate({ what, process, deadlineMs }: MarkWait): TargetError {
  const waited = `waited ${formatDuration(deadlineMs)} for ${what}; ${process.label} (pid ${process.pid}) is alive`
  return new TargetError(withLog(`${waited} and has not reported it`, process))
}

function endedFirst({ what, process }: MarkWait): TargetError {
  const { exit, label, pid } = process
  const ended = exit === null ? 'ended' : describeExit(exit)
  return new TargetError(withLog(`waited for ${what}, but ${label} (pid ${pid}) ${ended}`, process))
}

/** Returns the message with the last lines of the process's log under it. */
export function withLog(message: string, process: LaunchedProcess): string {
  return [message, logTail(process.logFile)].filter(Boolean).join('\n')
}
