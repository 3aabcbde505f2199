import { basename } from 'node:path'
import { command } from '../../comparison/definition/definition.js'
import type { Overrides } from '../../comparison/plan/override.js'
import type { ComparisonPlan } from '../../comparison/plan/plan.js'
import { splitCommand } from '../../comparison/plan/split-command.js'
import { commandOptions } from '../../options/comparison.js'
import type { OptionTable, OptionValues } from '../../options/types/spec.js'
import { UsageError } from '../../shared/errors.js'
import type { CommandInput } from './command.js'

/**
 * Returns the comparison that `--command` and its related options request, unchecked like that of a
 * file.
 */
export function commandDefinition(
  { verb, arguments: [asked], options, given }: CommandInput,
  overrides: Overrides,
): unknown {
  const {
    command: line,
    roles,
    roundsEnd,
    log,
    expectedRounds,
    probe,
    probeRound,
    ready,
    load,
    setup,
    teardown,
    name,
  } = options as Values
  if (asked !== undefined)
    throw new UsageError(`${verb}: found the job "${asked}" and --command; a comparison takes one of them`, {
      fix: 'Leave one of them out.',
    })
  const { rounds, ...ofFederation } = overrides.job
  if (Object.keys(ofFederation).length > 0)
    throw new UsageError(
      `${verb}: ${flagsIn(ofFederation)}: an option of Tidemark's own jobs, which means nothing to --command`,
      { fix: 'Write it into the command itself.' },
    )
  if (load !== undefined && ready === undefined)
    throw new UsageError(`${verb}: --load needs --ready: the line of the output after which it can start`, {
      fix: "For example: --ready 'listening on'",
    })
  return {
    name: name ?? programName(line!),
    workload: command(line!, {
      ...(roles.length > 0 && { role: Object.fromEntries(roles.map(({ role, pattern }) => [role, pattern])) }),
      ...(given.has('rounds') && { rounds: String(rounds) }),
      ...(roundsEnd !== undefined && { roundsEnd }),
      ...(log !== undefined && { log }),
      ...(expectedRounds !== undefined && { expectedRounds }),
      ...(probe && { probe }),
      ...(probeRound !== undefined && { probeRound }),
      ...(ready !== undefined && { ready }),
      ...(load !== undefined && { load }),
      ...(setup !== undefined && { setup }),
      ...(teardown !== undefined && { teardown }),
    }),
    settings: overrides.settings,
    ...overrides.comparison,
  }
}

type Values = OptionValues<typeof commandOptions>

/**
 * Refuses options that only --command reads beside a suite, and those of a job beside a command's
 * suite. Otherwise they would be ignored silently.
 */
export function refuseWithoutCommand(plan: ComparisonPlan, { verb, given }: CommandInput, overrides: Overrides): void {
  const { command: _, parameters, rounds, judge, ...others } = commandOptions
  const found = Object.entries(others as OptionTable).filter(([key]) => given.has(key))
  if (found.length > 0)
    throw new UsageError(`${verb}: --${found[0]![1].flag} belongs to --command, which was not given`, {
      fix: `Write it into the definition of "${plan.name}", or name a command: --command 'python job.py'`,
    })
  if (plan.workload.kind === 'command' && Object.keys(overrides.job).length > 0)
    throw new UsageError(
      `${verb}: ${flagsIn(overrides.job)}: an option of Tidemark's own jobs; "${plan.name}" compares a command`,
      { fix: 'Write it into the command itself.' },
    )
}

function flagsIn(job: Overrides['job']): string {
  return Object.keys(job)
    .map((key) => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
    .join(', ')
}

/** Returns `job` for `python3 -u jobs/job.py --gc {gc}`, which names the folder of the results. */
function programName(line: string): string {
  const words = splitWords(line)
  const script = words.find((word) => /\.(py|js|mjs|cjs|ts|sh|rb|pl|jar)$/.test(word)) ?? words[0] ?? ''
  const name = basename(script).replace(/\.\w+$/, '')
  return /^[\w-][\w.-]*$/.test(name) ? name : 'command'
}

function splitWords(line: string): string[] {
  try {
    const words = splitCommand(line, {})
    return words[0] === '/bin/sh' ? line.split(/\s+/) : words
  } catch (error) {
    if (error instanceof SyntaxError) return [] // said by the check of the definition
    throw error
  }
}
