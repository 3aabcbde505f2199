import { setImmediate } from 'node:timers/promises'
import { StoppedError } from '../shared/errors.js'

/**
 * A signal that aborts on the first Ctrl-C or termination signal. The second one ends this program at once, and with it
 * every process that it guards.
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
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => process.off('SIGINT', stop).off('SIGTERM', stop),
  }
}

/** Lets a signal that has come be heard: the event loop has to look once more before its listener is taken away. */
export async function hearSignals(): Promise<void> {
  await setImmediate()
  await setImmediate()
}
