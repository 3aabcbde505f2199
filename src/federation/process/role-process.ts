import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { resetPeak } from '../../linux/memory/peak.js'
import { getAllocator } from '../../memory/index.js'
import type { logOptions } from '../../options/federation.js'
import type { OptionValues } from '../../options/types/spec.js'
import { messageOf, StoppedError, TidemarkError, UsageError } from '../../shared/errors.js'
import { MARKS_VARIABLE, type Mark, type MarkOrigin } from '../../shared/marks.js'
import { RoleEngine } from './role-engine.js'
import { type Log, openLog } from './role-log.js'
import { readMemory } from './round-memory.js'

/** A mark without its origin, as a role writes it. */
export type OwnMark = Mark extends infer Each ? (Each extends Mark ? Omit<Each, keyof MarkOrigin> : never) : never

/** A role's process: its marks, its log, and the signal that ends it. */
export interface RoleProcess {
  /**
   * Aborted by SIGINT, SIGTERM, or the end of the process that owns this one; the reason is the
   * error to end with.
   */
  signal: AbortSignal
  /** False when the kernel refuses the reset of VmHWM. */
  exactPeaks: boolean
  engine: Pick<RoleEngine, 'prepareForWeights'>
  mark(mark: OwnMark): void
  log: Log
}

/**
 * The owner sets this to have the role end when standard input closes, which happens however the
 * owner dies.
 */
const OWNED_VARIABLE = 'TIDEMARK_OWNED'

/**
 * Runs a role from its start mark to its end mark.
 *
 * @param origin.receivesWeights whether sets of weights pass through its sockets all the time, see
 *   {@link RoleEngine}
 */
export async function runRole<T>(
  { receivesWeights, ...origin }: { role: string; name?: string; receivesWeights?: boolean },
  settings: OptionValues<typeof logOptions>,
  run: (process: RoleProcess) => Promise<T>,
): Promise<T> {
  const engine = new RoleEngine({ receivesWeights })
  const marks = openMarks()
  const stop = watchForStop()
  const exactPeaks = resetPeak('self')
  const role: RoleProcess = {
    signal: stop.signal,
    exactPeaks,
    engine,
    mark: (mark) => marks.write({ ...mark, timeMs: nowMs(), pid: process.pid, ...origin } as Mark),
    log: openLog(origin, settings),
  }
  try {
    role.mark({
      mark: 'start',
      memory: readMemory().memory,
      allocator: getAllocator(),
      exactPeaks,
      v8Flags: engine.v8Flags,
    })
    const result = await run(role)
    role.mark({ mark: 'end', state: 'completed' })
    return result
  } catch (error) {
    role.mark({ mark: 'end', state: error instanceof StoppedError ? 'stopped' : 'failed', reason: messageOf(error) })
    throw error
  } finally {
    stop.release()
    marks.close()
  }
}

/** Returns Unix time in ms with fractions, from a clock that never steps back. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

/**
 * One append for each line keeps the lines of several processes apart. Without the variable marks
 * are dropped. A pipe that has no reader is refused (O_NONBLOCK): opening it would wait for ever.
 */
function openMarks(): { write(mark: Mark): void; close(): void } {
  const file = process.env[MARKS_VARIABLE]
  if (file === undefined || file === '') return { write: () => {}, close: () => {} }
  try {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants
    const descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK)
    return {
      write: (mark) => append(descriptor, `${JSON.stringify(mark)}\n`, file),
      close: () => closeSync(descriptor),
    }
  } catch (error) {
    throw new UsageError(`the file for marks, ${file} (${MARKS_VARIABLE}), cannot be opened: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function append(descriptor: number, line: string, file: string): void {
  try {
    writeSync(descriptor, line)
  } catch (error) {
    throw new TidemarkError(`the marks, ${file} (${MARKS_VARIABLE}), cannot be written: ${messageOf(error)}`, {
      fix: 'Make room, or leave the variable out. A server continues with --resume.',
      cause: error,
    })
  }
}

/** The first reason wins. A second Ctrl-C kills at once, because the listener is gone. */
function watchForStop(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const onInterrupt = () => controller.abort(new StoppedError('SIGINT'))
  const onTerminate = () => controller.abort(new StoppedError('SIGTERM'))
  const onOrphaned = () => controller.abort(new TidemarkError('the process that started this one has ended'))
  process.once('SIGINT', onInterrupt)
  process.once('SIGTERM', onTerminate)
  const isOwned = process.env[OWNED_VARIABLE] === '1'
  if (isOwned) process.stdin.resume().once('end', onOrphaned).once('error', onOrphaned)
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
      if (isOwned) process.stdin.off('end', onOrphaned).destroy()
    },
  }
}
