/**
 * A signal that is aborted with the first of these, and the way to let go of them. `AbortSignal.any` needs no letting go,
 * but in Node 20 each call leaves something behind at a signal that lives on, and a role lives for days.
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
