import { type ChildProcess, spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

/**
 * Keeps report.html up to date while trials run, in a separate process with the lowest priority.
 */
export interface LiveReport {
  /** Writes the report again. A call while one is being written causes one more after it. */
  update(folder: string): void
  /** Ends the write in progress. A partial file is replaced by the next report. */
  close(): Promise<void>
}

const WRITER = fileURLToPath(new URL('./write-live-report.js', import.meta.url))
const LOWEST_PRIORITY = 19

export function liveReport(): LiveReport {
  let writing: ChildProcess | undefined
  let wanted: string | undefined
  let isClosed = false
  const start = (folder: string) => {
    wanted = undefined
    const child = spawn(process.execPath, [WRITER, folder], { stdio: 'ignore' })
    writing = child
    if (child.pid !== undefined) lowerPriority(child.pid)
    // A report that cannot be written now is retried after the next trial, and the error is
    // reported at the end.
    child.on('error', () => {})
    child.on('close', () => {
      writing = undefined
      if (wanted !== undefined && !isClosed) start(wanted)
    })
  }
  return {
    update: (folder) => {
      if (isClosed) return
      if (writing === undefined) start(folder)
      else wanted = folder
    },
    close: async () => {
      isClosed = true
      const child = writing
      if (child === undefined) return
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** The process may have ended already. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, LOWEST_PRIORITY)
  } catch {}
}
