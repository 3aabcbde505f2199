import { describeExit } from '../../launch/exit-status.js'
import { startGuard } from '../../launch/guard.js'
import { launch } from '../../launch/launch.js'
import { withLog } from '../../launch/wait-for-mark.js'
import { TargetError } from '../../shared/errors.js'
import { formatDuration } from '../../shared/units.js'

export interface BuildStep {
  /** Name for messages: `the build of main`. */
  label: string
  command: readonly string[]
  environment: Record<string, string | undefined>
  cwd: string
  /** File to which its output is appended. */
  log: string
  deadlineMs: number
  signal: AbortSignal | undefined
}

/** Time between SIGTERM and SIGKILL for a build. */
const GRACE_MS = 3000

/**
 * Runs a program to its end. Neither the program nor what it starts outlives us.
 *
 * @throws TargetError with the last lines of its log when it fails or takes too long; rejects with
 *   the signal's reason when that is aborted
 */
export async function runBuildStep({
  label,
  command,
  environment,
  cwd,
  log,
  deadlineMs,
  signal,
}: BuildStep): Promise<void> {
  signal?.throwIfAborted()
  const guard = await startGuard()
  let isLate = false
  try {
    const process = await launch(guard, { label, command, environment, cwd, output: { file: log } })
    const end = () => void process.end(GRACE_MS)
    const deadline = setTimeout(() => {
      isLate = true
      end()
    }, deadlineMs)
    signal?.addEventListener('abort', end)
    const exit = await process.exited
    clearTimeout(deadline)
    signal?.removeEventListener('abort', end)
    signal?.throwIfAborted()
    if (isLate)
      throw new TargetError(withLog(`${label} was ended: it took longer than ${formatDuration(deadlineMs)}`, process), {
        fix: 'If it does not hang, give it longer with --build-deadline.',
      })
    if (exit.code !== 0) throw new TargetError(withLog(`${label} ${describeExit(exit)}`, process))
  } finally {
    await guard.close(GRACE_MS)
  }
}
