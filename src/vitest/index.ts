/**
 * Matchers for Vitest: `import 'tidemark/vitest'` in a test file or a setup file adds them to
 * `expect`.
 */
import { expect } from 'vitest'
import { growsLessThan, settles, staysBelow, type Verdict } from './judge.js'
import { type Recorded, recordedFile } from './recorded-file.js'
import { chartOf } from './recording-chart.js'

export type { Recorded } from './recorded-file.js'

export interface TidemarkMatchers<R> {
  /**
   * Passes when no process of the recording, nor all of them together, ever held that much: `await
   * expect(recording).toStayBelow('2 GiB')`. A single process is judged by the peak that the kernel
   * kept, all of them together by the highest sample.
   */
  toStayBelow(limit: string): R
  /**
   * Passes when memory was shown to grow by less: `'5 MiB/round'`, or a unit of time in place of a
   * round, as in `'100 MiB/h'`. A growth that cannot be decided yet fails, and the message says how
   * many rounds were too few.
   */
  toGrowLessThan(rate: string): R
  /**
   * Passes when memory reaches a level and stays there: stable, settling, or a saw-tooth over a
   * stable floor.
   */
  toSettle(): R
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: it has to be declared as Vitest declares it
  interface Matchers<T = any> extends TidemarkMatchers<Promise<T>> {}
}

interface Expectation {
  isNot: boolean
}

expect.extend({
  async toStayBelow(this: Expectation, recorded: Recorded, limit: string) {
    return judged(this, recorded, (file) => staysBelow(file, limit))
  },
  async toGrowLessThan(this: Expectation, recorded: Recorded, rate: string) {
    return judged(this, recorded, (file) => growsLessThan(file, rate))
  },
  async toSettle(this: Expectation, recorded: Recorded) {
    return judged(this, recorded, settles)
  },
})

/** Turns a verdict into Vitest's result. An undecided verdict fails, with or without `.not`. */
function judged(
  { isNot }: Expectation,
  recorded: Recorded,
  judge: (file: ReturnType<typeof recordedFile>) => Verdict,
): { pass: boolean; message: () => string } {
  const file = recordedFile(recorded)
  const { holds, sentence } = judge(file)
  return { pass: holds ?? isNot, message: () => `${sentence}\n\n${chartOf(file)}` }
}
