import { setFlagsFromString } from 'node:v8'

/**
 * V8 flags that the roles use, with the releases of Node that have each. V8 renames and drops
 * flags, and prints an error for one that it does not know, so a flag is set only in a release that
 * was tested (test/memory/v8-flags.test.ts).
 */
const FLAGS = {
  /**
   * Records feedback about a function from its first call on, instead of allocating it once the
   * function has run a while.
   */
  '--no-lazy-feedback-allocation': [20, 22, 24, 26],
  /** Factor by which the young generation grows when it is full. */
  '--semi-space-growth-factor': [20, 22, 24, 26],
  /** Bytes of bytecode that a function executes before V8 optimises it. */
  '--interrupt-budget': [20],
  /**
   * Calls of a function before V8 optimises it, one flag for each optimising compiler. They succeed
   * the interrupt budget.
   */
  '--invocation-count-for-maglev': [22, 24, 26],
  '--invocation-count-for-turbofan': [22, 24, 26],
} satisfies Record<string, readonly number[]>

export type V8Flag = keyof typeof FLAGS

/** Sets a flag for the whole process, where this release of Node has it. */
export function setV8Flag(flag: V8Flag, value?: number): void {
  if (hasV8Flag(flag)) setFlagsFromString(value === undefined ? flag : `${flag}=${value}`)
}

export function hasV8Flag(flag: V8Flag, version = process.versions.node): boolean {
  return (FLAGS[flag] as readonly number[]).includes(Number.parseInt(version, 10))
}
