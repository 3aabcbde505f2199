import * as v from 'valibot'
import { compareOptions } from '../../options/comparison.js'
import { frameworkPreset } from '../../recording/rounds/framework-presets.js'
import { readRoundEnd, readRoundPattern } from '../../recording/rounds/log/round-log-patterns.js'
import { PRESETS, ROUND_PRESETS } from '../../recording/rounds/log/round-log-presets.js'
import { closestWord } from '../../shared/did-you-mean.js'
import { judgedRoles } from '../trial/judged-roles.js'
import { display, namedValues } from './axes.js'
import { placeholdersIn } from './placeholders.js'
import { splitCommand } from './split-command.js'

/** A checked command workload. It is plain JSON: patterns are texts. */
export interface CommandPlan {
  kind: 'command'
  command: string | string[]
  /** Patterns by role; null when the command's own process is the judged role. */
  role: Record<string, string> | null
  rounds: string | null
  /** Pattern of the lines that end a round, with those of `rounds` or alone. */
  roundsEnd: string | null
  /** File that reports rounds instead of the command's output. */
  log: string | null
  expectedRounds: number | null
  ready: string | null
  load: string | string[] | null
  setup: string | string[] | null
  teardown: string | string[] | null
  /** Variables of the command; null removes one. */
  env: Record<string, string | null>
  cwd: string | null
  timeout: number | null
  /**
   * Whether to have the allocator of the judged role return its free pages when the work is done.
   */
  probe: boolean
  /** Round after which to probe; null: the last one. */
  probeRound: number | null
}

/** Schemas of the values that a file may write for the keys of {@link CommandPlan}. */
export const commandEntries = {
  kind: v.literal('command'),
  command: commandLine(),
  role: nullable(namedValues(pattern())),
  rounds: nullable(rounds()),
  roundsEnd: nullable(roundsEnd()),
  log: nullable(v.pipe(v.string('the path of a file'), v.nonEmpty('the path of a file'))),
  expectedRounds: nullable(roundNumber()),
  ready: nullable(pattern()),
  load: nullable(commandLine()),
  setup: nullable(commandLine()),
  teardown: nullable(commandLine()),
  env: v.optional(
    v.pipe(
      namedValues(v.nullish(v.union([v.string(), v.pipe(v.number(), v.transform(String))], 'a text'))),
      v.transform((env) => Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? null]))),
    ),
    {},
  ),
  cwd: nullable(v.pipe(v.string('the path of a folder'), v.nonEmpty('the path of a folder'))),
  timeout: nullable(duration()),
  probe: v.optional(v.boolean('true or false'), false),
  probeRound: nullable(roundNumber()),
}

/** Returns the texts that may contain values of a setting. */
export function templatesOf(plan: CommandPlan): { key: string; text: string }[] {
  const commands = (['command', 'load', 'setup', 'teardown'] as const).flatMap((key) => {
    const line = plan[key]
    return line === null ? [] : [line].flat().map((text) => ({ key, text }))
  })
  const variables = Object.entries(plan.env).flatMap(([name, value]) =>
    value === null ? [] : [{ key: `env.${name}`, text: value }],
  )
  const paths = (['log', 'cwd'] as const).flatMap((key) => (plan[key] === null ? [] : [{ key, text: plan[key] }]))
  return [...commands, ...variables, ...paths]
}

/**
 * Placeholder for the library of the allocator; it always has a value. Every other placeholder
 * needs a value in each setting.
 */
export const PRELOAD = 'preload'

export function placeholderFaults(plan: CommandPlan, axes: Readonly<Record<string, unknown>>): string[] {
  return templatesOf(plan).flatMap(({ key, text }) =>
    placeholdersIn(text).flatMap((name) => {
      if (name === PRELOAD && axes.allocator !== undefined) return []
      if (axes[name] === undefined) return [`workload.${key}: {${name}} has no value. ${howToGive(name, axes)}`]
      if (Array.isArray(axes[name]) && (axes[name].includes('unset') || axes[name].includes(undefined)))
        return [
          `settings.${name}: found undefined, which only takes an environment variable away; {${name}} in workload.${key} needs a value`,
        ]
      return []
    }),
  )
}

function howToGive(name: string, axes: Readonly<Record<string, unknown>>): string {
  const closest = closestWord(name, Object.keys(axes))
  return closest === undefined
    ? `Give it some (settings: { ${name}: [0, 1] }, or -L ${name} 0,1), or write {{${name}}} for the text itself.`
    : `Did you mean {${closest}}?`
}

/** Checks that the end of the work can be detected, and that a round is named only with a probe. */
export function probeFaults({ probe, probeRound, rounds, expectedRounds }: CommandPlan): string[] {
  if (!probe) return probeRound === null ? [] : ['workload.probeRound: it needs probe: true (--probe)']
  const isEndLogged = rounds !== null && PRESETS[rounds]?.words.some(({ kind }) => kind === 'finished')
  if (isEndLogged || expectedRounds !== null || probeRound !== null) return []
  return [
    'workload.probe: nothing reports when the work is done. Give the number of rounds with a pattern of their ends (rounds: "end:...", expectedRounds: N), a preset, or the round after which to probe (probeRound, --probe-round)',
  ]
}

/** Checks that a log comes with `rounds`, which says what to look for in it. */
export function logFaults({ log, rounds, roundsEnd }: CommandPlan): string[] {
  if (log === null || rounds !== null || roundsEnd !== null) return []
  return ['workload.log: it needs rounds (--rounds): what to look for in it, for example "nvflare"']
}

/** Checks that the judged roles exist, for `server+superlink` both. */
export function judgeFaults(plan: CommandPlan, judge: string): string[] {
  const roles = plan.role === null ? undefined : Object.keys(plan.role)
  if (roles === undefined) return []
  const known = [...roles, ...(plan.load === null ? [] : ['load'])]
  return judgedRoles(judge)
    .filter((role) => !known.includes(role))
    .map((role) => {
      const closest = closestWord(role, known)
      return `judge: "${role}" is no role of the workload. ${closest === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${closest}"?`}`
    })
}

function nullable<T extends v.GenericSchema>(schema: T) {
  return v.optional(v.nullable(schema), null)
}

function roundNumber() {
  return v.pipe(v.number('a whole number of at least 1'), v.integer('a whole number'), v.minValue(1, 'at least 1'))
}

function commandLine() {
  const expected = 'a command line as one text, or a list of its words'
  return v.pipe(
    v.union([v.string(), v.array(v.string())], expected),
    v.check((line) => line.length > 0 && (typeof line !== 'string' || line.trim() !== ''), expected),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return
      try {
        splitCommand(dataset.value, {})
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
        addIssue({
          message: `a command line that can be split into words: ${error.message}`,
          received: display(dataset.value),
        })
      }
    }),
  )
}

/** Accepts a regular expression or its source. It is stored as text, which cannot hold flags. */
function pattern(): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }): string => {
      const { value } = dataset
      const source = value instanceof RegExp && value.flags === '' ? value.source : value
      if (typeof source === 'string' && source !== '' && compiles(source)) return source
      const problem =
        value instanceof RegExp
          ? 'a regular expression without flags; write [Rr] for letters of both cases'
          : 'a regular expression, or the text of one'
      addIssue({ message: problem, received: value instanceof RegExp ? String(value) : display(value) })
      return NEVER
    }),
  )
}

function compiles(source: string): boolean {
  try {
    new RegExp(source)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Accepts the name of a preset, or the text of a pattern as `roundPattern` takes it. */
function rounds(): v.GenericSchema<unknown, string> {
  return roundText(
    readRoundPattern,
    `preset('nvflare'), the name of another preset, or a pattern with one group at most, the round's number`,
  )
}

function roundsEnd(): v.GenericSchema<unknown, string> {
  return roundText(readRoundEnd, "a pattern with one group at most, the round's number")
}

function roundText(read: typeof readRoundPattern, expected: string): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }): string => {
      const fault = (message: string, received: string) => {
        addIssue({ message, received })
        return NEVER
      }
      const { value } = dataset
      if (value instanceof RegExp && value.flags !== '')
        return fault('a pattern without flags; write [Rr] for letters of both cases', String(value))
      const preset = v.safeParse(v.strictObject({ preset: v.string() }), value)
      if (preset.success) {
        const name = preset.output.preset
        if (ROUND_PRESETS.includes(name)) return name
        return fault(`one of the presets ${ROUND_PRESETS.join(', ')}${guess(name)}`, display(name))
      }
      const text = value instanceof RegExp ? value.source : value
      if (typeof text !== 'string' || text === '') return fault(expected, display(value))
      const pattern = read(text)
      if (!('problem' in pattern)) return text
      const [problem, wanted = `one of ${ROUND_PRESETS.join(', ')}, or a pattern`] =
        pattern.problem.split(', expected ')
      const example = pattern.example === undefined || pattern.fix.includes(pattern.example) ? '' : pattern.example
      return fault(`${wanted}. ${pattern.fix}${example}`.trimEnd(), `${display(text)}, which ${problem}`)
    }),
  )
}

function guess(name: string): string {
  const closest = closestWord(name, ROUND_PRESETS)
  return closest === undefined ? '' : `. Did you mean "${closest}"?`
}

function duration(): v.GenericSchema<unknown, number> {
  const spec = compareOptions.trialDeadlineMs
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }): number => {
      const { value } = dataset
      const parsed = typeof value === 'string' ? spec.parse(value) : value
      if (typeof parsed === 'number' && parsed > 0 && Number.isFinite(parsed)) return parsed
      addIssue({ message: spec.expected, received: display(value) })
      return NEVER
    }),
  )
}

/** Fills in the roles: from the definition, or from the framework's preset. */
export function withPresetRoles(plan: CommandPlan): CommandPlan {
  return { ...plan, role: plan.role ?? frameworkPreset(plan.rounds ?? undefined)?.roles ?? null }
}
