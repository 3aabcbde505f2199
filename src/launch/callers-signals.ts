import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Variable with the mask of signals that were ignored when the program started, as /proc has it.
 * The first line of the program (src/cli/main.ts) sets it.
 */
export const CALLERS_IGNORED_VARIABLE = 'TIDEMARK_CALLERS_IGNORED'

/**
 * Returns the numbers of the signals that our caller ignores, as `nohup` does with SIGHUP and a
 * shell with SIGINT for a background job.
 */
export function ignoredByCaller(environment: NodeJS.ProcessEnv = process.env): number[] {
  const mask = environment[CALLERS_IGNORED_VARIABLE]
  if (mask === undefined || !/^[\da-f]{1,16}$/i.test(mask)) return []
  const bits = BigInt(`0x${mask}`)
  return Object.values(constants.signals).filter((number) => ((bits >> BigInt(number - 1)) & 1n) === 1n)
}

/** Returns whether our caller ignores this signal, so that it is not meant for us either. */
export function isIgnoredByCaller(signal: NodeJS.Signals): boolean {
  return ignoredByCaller().includes(constants.signals[signal])
}

/**
 * Keeps ignoring the signals that our caller ignores. Node resets every signal to its default when
 * it starts, so a hang-up would end a measurement that was started by `nohup`.
 */
export function keepIgnoring(): void {
  for (const number of ignoredByCaller()) {
    const name = nameOf(number)
    if (name !== undefined) process.on(name, () => {})
  }
}

/**
 * Starts a process that ignores the signals that our caller ignores. Node resets every signal of
 * its children to the default, so a shell ignores them again and becomes the program.
 */
export function withCallersSignals(start: (prefix: readonly string[]) => ChildProcess): ChildProcess {
  const ignored = ignoredByCaller().filter((number) => !NEVER_IGNORED.includes(number))
  if (ignored.length === 0) return start([])
  return start(['/bin/sh', '-c', `trap '' ${ignored.join(' ')}; exec "$@"`, 'sh'])
}

const NEVER_IGNORED: readonly number[] = [constants.signals.SIGKILL, constants.signals.SIGSTOP]

function nameOf(number: number): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals).find(
    ([name, value]) => value === number && !NEVER_IGNORED.includes(value) && name !== 'SIGPROF',
  )
  return found?.[0] as NodeJS.Signals | undefined
}
