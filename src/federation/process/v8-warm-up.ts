import { hasV8Flag, setV8Flag, type V8Flag } from '../../memory/v8-flags.js'

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
 * Keeps V8's own work of the first thirty rounds from looking like growth of the role. Call it
 * before the role loads a model. On the default job RSS after a cleanup is then level from the
 * third round on, and a round takes as long as before (docs/how-it-measures.md, "Node's own
 * warm-up").
 *
 * The flags are set at run time: on the command line, a flag that a release of Node dropped would
 * keep the program from starting.
 *
 * @returns the flags that were set, and those that this release of Node does not have
 */
export function shortenWarmUp(): { set: string[]; missing: string[] } {
  const wanted: Setting[] = [{ flag: '--no-lazy-feedback-allocation' }, ...OPTIMISATION_DELAY]
  for (const { flag, value } of wanted) setV8Flag(flag, value)
  const text = ({ flag, value }: Setting) => (value === undefined ? flag : `${flag}=${value}`)
  return {
    set: wanted.filter(({ flag }) => hasV8Flag(flag)).map(text),
    missing: wanted.filter(({ flag }) => !hasV8Flag(flag)).map(text),
  }
}

/** Restores V8's own threshold for optimising. */
export function optimiseAsUsual(): void {
  for (const { flag, usual } of OPTIMISATION_DELAY) setV8Flag(flag, usual)
}
