import { hasV8Flag, setV8Flag, type V8Flag } from '../../memory/v8-flags.js'
import { keepYoungGenerationSmall } from '../../memory/young-generation.js'
import type { StartMark } from '../../shared/marks.js'

interface Setting {
  flag: V8Flag
  value?: number
}

/**
 * Functions are optimised thirty times later than by V8's defaults, which stand beside the values.
 */
const OLD_DELAY = [{ flag: '--interrupt-budget', value: 2_000_000, usual: 67_584 }] as const
const DELAY = [
  { flag: '--invocation-count-for-maglev', value: 12_000, usual: 400 },
  { flag: '--invocation-count-for-turbofan', value: 90_000, usual: 3000 },
] as const

/** Node 20 counts bytes of bytecode; later releases count calls. */
const OPTIMISATION_DELAY = hasV8Flag('--interrupt-budget') ? OLD_DELAY : DELAY

/**
 * Size of one set of weights from which a role is optimised as usual. Code that V8 optimises takes
 * up to 3 MiB over the first rounds, which does not show beside weights of this size.
 */
const LARGE_BYTES = 32 * 2 ** 20

/**
 * V8 as a role sets it up. Its settings hold for the whole process, so one object makes them all:
 * `runRole` creates it before the role's start mark, and nothing else in a role changes the engine.
 *
 * The flags are set at run time: on the command line, a flag that a release of Node dropped would
 * keep the program from starting.
 */
export class RoleEngine {
  /** The flags that were set, and those that this release of Node does not have. */
  readonly v8Flags: NonNullable<StartMark['v8Flags']>

  /**
   * Keeps V8's own work of the first thirty rounds from looking like growth of the role. On the
   * default job RSS after a cleanup is then level from the third round on, and a round takes as
   * long as before (docs/how-it-measures.md, "Node's own warm-up").
   *
   * @param options.receivesWeights whether sets of weights pass through sockets all the time, as in
   *   a server; the young generation then stays small
   */
  constructor({ receivesWeights = false }: { receivesWeights?: boolean | undefined } = {}) {
    const wanted: Setting[] = [{ flag: '--no-lazy-feedback-allocation' }, ...OPTIMISATION_DELAY]
    for (const { flag, value } of wanted) setV8Flag(flag, value)
    const text = ({ flag, value }: Setting) => (value === undefined ? flag : `${flag}=${value}`)
    this.v8Flags = {
      set: wanted.filter(({ flag }) => hasV8Flag(flag)).map(text),
      missing: wanted.filter(({ flag }) => !hasV8Flag(flag)).map(text),
    }
    if (receivesWeights) keepYoungGenerationSmall()
  }

  /**
   * Makes a role fast that handles weights of this size. Call it before its first round.
   *
   * Large weights pass in thousands of pieces, each through some thirty functions of Node's.
   * Unoptimised, those take more time than the copying.
   *
   * @param modelBytes one full set of weights
   */
  prepareForWeights(modelBytes: number): void {
    if (modelBytes < LARGE_BYTES) return
    for (const { flag, usual } of OPTIMISATION_DELAY) setV8Flag(flag, usual)
  }
}
