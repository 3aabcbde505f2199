import { type Argument, Command as Commander, CommanderError, Option } from 'commander'
import {
  defaultValues,
  environmentName,
  isUsedBy,
  type OptionSpec,
  variableOf,
  whyUseless,
} from '../../options/types/spec.js'
import { UsageError } from '../../shared/errors.js'
import type { Command, CommandInput } from './command.js'

/**
 * Reads a verb's arguments, options and their environment variables. Returns `help` for `--help`.
 *
 * @throws UsageError that names the flag or variable, what was found and what would be right, or
 *   the job that does not use it
 */
export function parseCommandLine(
  command: Command,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): CommandInput | 'help' {
  let commander = commanderOf(command)
  try {
    commander.parse(joinPairs(command, args), { from: 'user' })
    if (command.jobs?.includes(commander.args[0] ?? '') && commander.args.length > 1) {
      commander = commanderOf(command, { isJob: true })
      commander.parse(joinPairs(command, args), { from: 'user' })
    }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.helpDisplayed') return 'help'
    throw usageErrorOf(command, error)
  }
  const found: Record<string, unknown> = {}
  for (const [key, spec] of Object.entries(command.options)) {
    const text = givenText(commander, spec, environment)
    if (text !== undefined) found[key] = parseValue(command, spec, text)
  }
  const options = { ...defaultValues(command.options, found.algorithm), ...found }
  const given = new Set(Object.keys(found))
  refuseUseless(command, options.algorithm, given)
  return { verb: command.verb, arguments: commander.args, options, given }
}

function commanderOf(command: Command, { isJob = false } = {}): Commander {
  const commander = new Commander(`tidemark ${command.verb}`)
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .helpOption('-h, --help', 'Show this help.')
  if (command.arguments !== undefined) commander.arguments(command.arguments)
  // In `tidemark run python job.py --rounds 5` the words after the command belong to it.
  if (!isJob && commander.registeredArguments.some(isForeignCommand)) commander.passThroughOptions()
  for (const spec of Object.values(command.options)) {
    commander.addOption(optionOf(spec, spec.flag))
    if (spec.formerly !== undefined) commander.addOption(optionOf(spec, spec.formerly).hideHelp())
  }
  return commander
}

/** Turns `-L gc 0,1` into `-L gc=0,1`, since commander has no options of two words. */
function joinPairs(command: Command, args: readonly string[]): string[] {
  const pairs = Object.values(command.options).filter(({ isPair }) => isPair)
  const names = new Set(
    pairs.flatMap(({ flag, short }) => [`--${flag}`, ...(short === undefined ? [] : [`-${short}`])]),
  )
  const joined: string[] = []
  for (let at = 0; at < args.length; at++) {
    const [word = '', name, value] = args.slice(at, at + 3)
    if (word === '--') return [...joined, ...args.slice(at)]
    joined.push(word)
    if (!names.has(word) || name === undefined || name.includes('=')) continue
    joined.push(value === undefined ? name : `${name}=${value}`)
    at += value === undefined ? 1 : 2
  }
  return joined
}

function isForeignCommand(argument: Argument): boolean {
  return argument.variadic && argument.name() === 'command'
}

function optionOf(spec: OptionSpec<unknown>, flag: string): Option {
  const isShort = spec.short !== undefined && flag === spec.flag
  const names = `${isShort ? `-${spec.short}, ` : ''}--${flag}`
  const option = new Option(spec.placeholder === '' ? names : `${names} <${spec.placeholder}>`)
  if (spec.repeats)
    option.argParser((text, before) => (before === undefined ? text : `${before}${spec.separator ?? '\n'}${text}`))
  const text = spec.defaultText ?? (spec.default === undefined || spec.default === false ? '' : String(spec.default))
  option.description = text === '' ? spec.help : `${spec.help} Default: ${text}.`
  return option
}

interface GivenText {
  /** Flag or variable, as the user wrote it. */
  from: string
  text: string
}

/**
 * Returns the text of an option. The command line takes precedence over the environment; undefined
 * when neither has it.
 */
function givenText(
  commander: Commander,
  spec: OptionSpec<unknown>,
  environment: NodeJS.ProcessEnv,
): GivenText | undefined {
  const flags = spec.formerly === undefined ? [spec.flag] : [spec.flag, spec.formerly]
  const given = flags.flatMap((flag) => {
    const name = commander.options.find(({ long }) => long === `--${flag}`)!.attributeName()
    if (commander.getOptionValueSource(name) !== 'cli') return []
    const value: unknown = commander.getOptionValue(name)
    return [{ from: `--${flag}`, text: typeof value === 'string' ? value : 'true' }]
  })
  const [first, second] = given
  if (second !== undefined)
    throw new UsageError(`${first!.from} and ${second.from} are one option, and both were given`, {
      fix: `Leave ${second.from} out: it is the older name.`,
    })
  if (first !== undefined) return first
  const names = [variableOf(spec), ...(spec.formerly === undefined ? [] : [environmentName(spec.formerly)])]
  const variable = names.find((name) => environment[name] !== undefined)
  return variable === undefined ? undefined : { from: variable, text: environment[variable]! }
}

function parseValue(command: Command, spec: OptionSpec<unknown>, { from, text }: GivenText): unknown {
  const value = spec.parse(text)
  if (value === undefined && from.startsWith('TIDEMARK_') && /^(tcp|udp|sctp):\/\//.test(text))
    throw new UsageError(
      `${from}: found "${text}", which Kubernetes sets in every pod beside a service called "tidemark", expected ${spec.expected}`,
      { fix: `Give --${spec.flag}, call the service otherwise, or set enableServiceLinks: false in the pod.` },
    )
  if (value === undefined)
    throw new UsageError(`${from}: found "${text}", expected ${spec.expected}`, { fix: seeHelp(command) })
  return value
}

/**
 * Refuses an option that the job's algorithm does not use, which would otherwise be ignored
 * silently.
 */
function refuseUseless(command: Command, algorithm: unknown, given: ReadonlySet<string>): void {
  if (algorithm === undefined) return
  for (const key of given) {
    const spec = command.options[key]!
    if (!isUsedBy(spec, algorithm))
      throw new UsageError(`${command.verb}: --${spec.flag} ${whyUseless(spec, algorithm)}`, {
        fix: `Leave it out, and ${variableOf(spec)} too.`,
      })
  }
}

/**
 * Converts an error of commander, which writes `error: unknown option '--round'` and, on a second
 * line, `(Did you mean --rounds?)`.
 */
function usageErrorOf(command: Command, error: CommanderError): UsageError {
  const [message = '', suggestion] = error.message.split('\n')
  const [, unknown = ''] = /unknown option '--([\w-]+)/.exec(message) ?? []
  const other = command.elsewhere?.[unknown]
  if (other !== undefined) return new UsageError(`${command.verb}: --${unknown} ${other.why}`, { fix: other.fix })
  const fix = suggestion === undefined ? '' : `${suggestion.replace(/^\((.*)\)$/, '$1')} `
  return new UsageError(`${command.verb}: ${message.replace(/^error: /, '')}`, { fix: `${fix}${seeHelp(command)}` })
}

function seeHelp(command: Command): string {
  return `tidemark ${command.verb} --help shows the options.`
}
