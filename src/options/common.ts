import { MIB } from '../shared/units.js'
import { namedPatterns } from './types/list-types.js'
import { flag, integer, text } from './types/option-types.js'
/**
 * Lowest memory limit to accept. No process could stay below a smaller one: `--limit 10` was meant
 * to be 10GiB.
 */
export const LEAST_LIMIT = MIB

export const namedRoles = namedPatterns({
  flag: 'role',
  help: 'Name a role and the pattern of its command lines. Repeatable; the first pattern that matches counts.',
})

/** Options to split RSS from outside, in a program that knows nothing of Tidemark. */
export const probeOption = {
  probe: flag({
    flag: 'probe',
    help: 'Preload a small library that makes the allocator return its free pages when the work is done. This splits RSS into retained memory and memory that is live or garbage. The C compiler builds it on first use.',
  }),
  probeRound: integer<undefined>({
    flag: 'probe-round',
    min: 1,
    max: 1_000_000,
    default: undefined,
    defaultText: 'the last',
    help: 'With --probe: probe after this round.',
  }),
}

/**
 * Values of `--rounds` where a log reports rounds. The names are those of
 * src/recording/rounds/log/round-log-presets.ts.
 */
export const ROUND_SOURCES =
  'nvflare, flower, openfl, fedml, federatedscope, pfllib, or a regular expression with the number as its group; without a group its matches are counted. A line that fits begins a round and ends the one before.'

export const roundsEnd = text({
  flag: 'rounds-end',
  placeholder: 'PATTERN',
  default: undefined,
  help: 'Regular expression of the lines that end a round, alone or with --rounds. Alone it is the same as --rounds end:PATTERN.',
})

/** Destination of a verb's output, where it is a file. */
export const fileOptions = {
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'standard output',
    help: 'File to write to.',
  }),
  force: flag({ flag: 'force', help: 'Replace the file if it exists.' }),
}
