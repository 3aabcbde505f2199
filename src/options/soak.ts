import { jobOptions } from './federation.js'
import { runOptions } from './recording.js'
import { bytesOrShare, durationMs, integer, text } from './types/option-types.js'

/**
 * Options of a run without those that look into a program at its end, and those that end it
 * otherwise.
 */
const {
  probe: _probe,
  probeRound: _round,
  heapDiff: _heap,
  heapDepth: _depth,
  heapIgnore: _ignore,
  timeoutMs: _timeout,
  format: _format,
  ...recorded
} = runOptions

/** Options to run a program until it is known whether its memory grows. */
export const soakOptions = {
  ...recorded,
  windowMs: { ...recorded.windowMs, default: 60_000, defaultText: '1m' },
  maxRounds: integer<undefined>({
    flag: 'max-rounds',
    min: 12,
    max: 1_000_000,
    default: undefined,
    defaultText: 'no limit',
    help: 'End after so many rounds, with the verdict so far.',
  }),
  maxTimeMs: durationMs<undefined>({
    flag: 'max-time',
    default: undefined,
    defaultText: 'no limit',
    help: 'End after this time, with the verdict so far.',
  }),
  load: text({
    flag: 'load',
    placeholder: 'COMMAND',
    default: undefined,
    defaultText: 'none',
    help: 'Shell command that puts load on the program. Restarted whenever it exits with 0. Its memory does not count.',
  }),
  tolerance: bytesOrShare<undefined>({
    flag: 'tolerance',
    default: undefined,
    defaultText: '0.1% of the level',
    help: 'Growth per round below which memory counts as level.',
  }),
  clients: { ...jobOptions.clients, help: `Of a JOB: ${jobOptions.clients.help}` },
  modelSize: { ...jobOptions.modelSize, help: `Of a JOB: ${jobOptions.modelSize.help}` },
}
