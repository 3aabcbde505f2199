import { setImmediate } from 'node:timers/promises'
import { isIgnoredByCaller } from '../launch/callers-signals.js'
import { StoppedError } from '../shared/errors.js'

const STOPPING = ['SIGINT', 'SIGTERM'] as const

/**
 * Returns a signal that aborts on the first Ctrl-C or termination signal. The second one ends this
 * program at once, and with it every process that it guards.
 *
 * @param onStop called at the first, to tell the user that things are being ended
 */
export function stopOnSignal(onStop: () => void): { signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals) => {
    const reason = new StoppedError(name === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
    if (controller.signal.aborted) process.exit(reason.exitCode)
    controller.abort(reason)
    onStop()
  }
  for (const name of STOPPING) if (!isIgnoredByCaller(name)) process.on(name, stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of STOPPING) process.off(name, stop)
    },
  }
}

/**
 * Same as {@link stopOnSignal}, for the work after the last trial, which is completed regardless.
 */
export function stopWhileReporting(): ReturnType<typeof stopOnSignal> {
  return stopOnSignal(() => process.stderr.write(`${LATE}\n`))
}

const LATE = 'all trials had ended: finishing the report; once more ends this at once'

/**
 * Lets a pending signal be delivered: the event loop must turn once more before the listener is
 * removed.
 */
export async function hearSignals(): Promise<void> {
  await setImmediate()
  await setImmediate()
}
