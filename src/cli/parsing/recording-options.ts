import { judgedRoles } from '../../comparison/trial/judged-roles.js'
import type { runOptions } from '../../options/recording.js'
import type { OptionValues } from '../../options/types/spec.js'
import type { RolePattern } from '../../recording/processes/process-name.js'
import { frameworkPreset, presetRoles } from '../../recording/rounds/framework-presets.js'
import { roundPattern } from '../../recording/rounds/log/round-log-patterns.js'
import { UsageError } from '../../shared/errors.js'
import type { CommandInput } from './command.js'

type RecordingOptions = Pick<
  OptionValues<typeof runOptions>,
  'rateHz' | 'intervalMs' | 'roles' | 'rounds' | 'roundsEnd' | 'log' | 'shared' | 'sharedIntervalMs'
>

/** Reads the options that `run` and `attach` share, and refuses contradictions. */
export function readRecordingOptions(verb: string, { options, given }: CommandInput) {
  if (process.platform !== 'linux')
    throw new UsageError(`${verb} needs Linux, which shows memory in /proc; this is ${process.platform}`)
  const { rateHz, intervalMs, roles, rounds, roundsEnd, log, shared, sharedIntervalMs } = options as RecordingOptions
  if (given.has('rateHz') && given.has('intervalMs'))
    throw new UsageError(`${verb}: --rate and --interval say the same thing`, {
      fix: 'Leave one of them out.',
    })
  if (intervalMs !== undefined && (intervalMs < 1 || intervalMs > 3_600_000))
    throw new UsageError(`${verb}: --interval: found ${intervalMs} ms, expected 1ms to 1h`, {
      fix: 'For example: --interval 100ms',
    })
  if (given.has('sharedIntervalMs') && !shared)
    throw new UsageError(`${verb}: --pss-interval needs --pss`, { fix: 'Add --pss.' })
  const hasRounds = rounds !== undefined || roundsEnd !== undefined
  if (log !== undefined && !hasRounds)
    throw new UsageError(`${verb}: --log ${log} needs --rounds: what to look for in it`, {
      fix: 'For example --rounds nvflare, or --rounds "Round (\\d+) started".',
    })
  return {
    rateHz: intervalMs === undefined ? rateHz : 1000 / intervalMs,
    // Roles that the user names replace those of a preset, as in a comparison.
    roles: roles.length > 0 ? roles : presetRoles(rounds),
    askedRoles: roles.map(({ role, pattern }) => ({ role, flag: `--role '${role}=${pattern.source}'` })),
    presetRoles: presetRoles(rounds),
    probedRoles: roles.length > 0 ? roles : judgedRolesOfPreset(rounds),
    pattern: hasRounds ? roundPattern(rounds, roundsEnd) : undefined,
    log,
    roundsFlag: [
      ...(rounds === undefined ? [] : [`--rounds '${rounds}'`]),
      ...(roundsEnd === undefined ? [] : [`--rounds-end '${roundsEnd}'`]),
    ].join(' '),
    ...(shared && { sharedIntervalMs }),
  }
}

/** Returns the roles that a preset judges. */
function judgedRolesOfPreset(rounds: string | undefined): RolePattern[] {
  const judged = judgedRoles(frameworkPreset(rounds)?.judge ?? '')
  return presetRoles(rounds).filter(({ role }) => judged.includes(role))
}
