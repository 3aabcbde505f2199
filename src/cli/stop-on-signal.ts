import { setImmediate } from 'node:timers/promises'
import { isIgnoredByCaller } from '../launch/callers-signals.js'
import { StoppedError } from '../shared/errors.js'

const STOPPING = ['SIGINT', 'SIGTERM'] as const

type Stop = (reason: StoppedError) => void
/** Those that wait for a signal; none between two parts of the work, and once all of it is done. */
const waiting = new Set<Stop>()
/** A signal that came while nothing waited for one. The next part of the work is ended by it. */
let early: StoppedError | undefined
let isListening = false

/**
 * Returns a signal that aborts on the first Ctrl-C or termination signal. The second one ends this
 * program at once, and with it every process that it guards. A signal that comes when the work is
 * done changes nothing: the result is printed and decides the exit code.
 *
 * @param onStop called at the first, to tell the user that things are being ended
 */
export function stopOnSignal(onStop: () => void): { signal: AbortSignal } & Disposable {
  listen()
  const controller = new AbortController()
  const stop: Stop = (reason) => {
    if (controller.signal.aborted) process.exit(reason.exitCode)
    controller.abort(reason)
    onStop()
  }
  waiting.add(stop)
  if (early !== undefined) stop(early)
  early = undefined
  return { signal: controller.signal, [Symbol.dispose]: () => waiting.delete(stop) }
}

/** Listens until the program ends: without a listener, a signal would end it before it answers. */
function listen(): void {
  if (isListening) return
  isListening = true
  for (const name of STOPPING) if (!isIgnoredByCaller(name)) process.on(name, () => deliver(new StoppedError(name)))
}

function deliver(reason: StoppedError): void {
  for (const stop of [...waiting]) stop(reason)
  if (waiting.size > 0) return
  if (early !== undefined) process.exit(reason.exitCode)
  early = reason
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
