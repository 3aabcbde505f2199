/** How a process ended. One of `code` and `signal` is null. */
export interface ExitStatus {
  code: number | null
  signal: NodeJS.Signals | null
  /** True when the kernel's out-of-memory killer ended it. */
  outOfMemory: boolean
  /** Unix time in ms. */
  timeMs: number
}

/** For the middle of a sentence: `exited with code 1`, `was killed by SIGKILL: the kernel ran out of memory`. */
export function describeExit({ code, signal, outOfMemory }: ExitStatus): string {
  if (outOfMemory) return `was killed by ${signal}: the kernel's out-of-memory killer ended it`
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`
}

/** What a shell reports for it: 128 and the signal's number, or the code. */
export function exitCodeOf({ code, signal }: ExitStatus, signalNumbers: Record<string, number>): number {
  return signal === null ? (code ?? 0) : 128 + signalNumbers[signal]!
}
