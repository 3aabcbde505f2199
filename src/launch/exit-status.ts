/** How a process ended. Either `code` or `signal` is null. */
export interface ExitStatus {
  code: number | null
  signal: NodeJS.Signals | null
  /** True when the kernel's out-of-memory killer ended it. */
  outOfMemory: boolean
  /** Unix time in ms. */
  timeMs: number
}

/**
 * Describes an exit for the middle of a sentence: `exited with code 1`, `was killed by SIGKILL: the
 * kernel ran out of memory`.
 */
export function describeExit({ code, signal, outOfMemory }: ExitStatus): string {
  if (outOfMemory) return `was killed by ${signal}: the kernel's out-of-memory killer ended it`
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`
}

/** Returns what a shell reports as the exit status: the code, or 128 plus the signal's number. */
export function exitCodeOf({ code, signal }: ExitStatus, signalNumbers: Record<string, number>): number {
  return signal === null ? (code ?? 0) : 128 + signalNumbers[signal]!
}
