/**
 * Returns a signal that aborts with the first of these, and a way to detach it. `AbortSignal.any`
 * needs no detaching, but in Node 20 each call leaves memory at a long-lived signal, and a role
 * runs for days.
 */
export function anySignal(signals: readonly AbortSignal[]): { signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const listeners = signals.map((signal) => {
    const onAbort = () => controller.abort(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    return () => signal.removeEventListener('abort', onAbort)
  })
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const letGo of listeners) letGo()
    },
  }
}
