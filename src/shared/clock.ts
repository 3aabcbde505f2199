/**
 * Unix time in ms with fractions, and monotonic: it starts at the system's clock and is not set
 * back with it. The same in every thread of the process.
 */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
