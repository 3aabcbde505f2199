import { join } from 'node:path'
import { ALL, type LoadedDefinition, loadSuite } from '../comparison/definition/suite.js'
import { type Overrides, overridePlan, overridesFor } from '../comparison/plan/override.js'
import { type ComparisonPlan, planComparison } from '../comparison/plan/plan.js'
import { type AskedShard, assertShardable, resolveShard } from '../comparison/plan/shard.js'
import { planRefs } from '../comparison/refs/resolve-refs.js'
import { addRefs } from '../comparison/refs/with-refs.js'
import type { CompareOptions, FinishedComparison } from '../comparison/run/compare-options.js'
import { runPlan } from '../comparison/run/run-comparison.js'
import { aggregationCompared, axisOptions, commandOptions, compareOptions } from '../options/comparison.js'
import { jobOptions, memoryOptions, roundOptions, trainingOptions } from '../options/federation.js'
import { refOptions } from '../options/refs.js'
import { swarmOptions } from '../options/roles.js'
import type { OptionSpec, OptionTable } from '../options/types/spec.js'
import type { Shard } from '../results/shard.js'
import { UsageError } from '../shared/errors.js'
import type { CommandInput } from './parsing/command.js'
import { commandDefinition, refuseWithoutCommand } from './parsing/command-comparison.js'
import { repeatWords } from './repeat-command.js'

const { seed, rounds: _, ...jobWithoutSeed } = jobOptions
const { rounds, ...ofCommand } = commandOptions
const { parameters, ...commandAlone } = ofCommand
const { trials, untilDecided, rateHz, trialDeadlineMs, limit, tolerance, probeEvery } = compareOptions
const { clientMemoryGcRounds } = memoryOptions

/** Makes the help say that a suite, also one that ships with Tidemark, may set the default. */
export function elseOfSuite<T>(spec: OptionSpec<T>): OptionSpec<T> {
  return { ...spec, defaultText: `the suite's, else ${spec.defaultText ?? String(spec.default)}` }
}

const ofJob: OptionTable = {
  rounds: elseOfSuite(rounds),
  ...jobWithoutSeed,
  clients: elseOfSuite(jobWithoutSeed.clients),
  ...trainingOptions,
  ...roundOptions,
  ...swarmOptions,
  clientMemoryGcRounds,
  aggregation: aggregationCompared,
}
const ofComparison: OptionTable = {
  trials: elseOfSuite(trials),
  seed,
  rateHz,
  trialDeadlineMs,
  limit,
  tolerance,
  probeEvery,
}

/** Options of each verb that runs comparisons: the axes and how trials are made. */
export const comparisonAxes: OptionTable = { ...axisOptions, ...ofComparison }
/** Options of what these verbs run: a command, or a job of our own. */
export const comparisonJob: OptionTable = { ...ofCommand, ...ofJob }

/** Headings of these options in the help. */
export const comparisonGroups: Record<string, OptionTable> = {
  'What is compared': { ...axisOptions, parameters },
  'How it is measured': ofComparison,
  'A command of your own': commandAlone,
  'A job of Tidemark': ofJob,
}

export type Run = (options: CompareOptions) => Promise<FinishedComparison>

export interface PlannedRun {
  plan: ComparisonPlan
  /** File that holds the comparison; undefined for the command line. */
  source: string | undefined
  /** Shard to run; undefined for all of the comparison. */
  shard: Shard | undefined
  /** Words of a command line that plans the same comparison. */
  repeat: string[]
  run: Run
}

/** A requested comparison and the file that holds it; undefined for the command line. */
export interface Planned {
  plan: ComparisonPlan
  source: string | undefined
}

/**
 * Returns the comparisons that a command line requests, without refs. Every file is read and
 * checked.
 */
export async function plannedComparisons(input: CommandInput): Promise<Planned[]> {
  const named = input.arguments[0]
  const isCommand = input.options.command !== undefined
  if (!isCommand && typeof input.options.rounds === 'string')
    throw new UsageError(`--rounds: found "${input.options.rounds}", expected ${jobOptions.rounds.expected}`, {
      fix: 'A preset or a pattern says where the rounds of a --command are. tidemark compare --help shows the options.',
    })
  const overrides = overridesOf(input)
  return isCommand
    ? [{ plan: planComparison(commandDefinition(input, overrides), 'the command line'), source: undefined }]
    : (await loadSuite(named, input.verb)).map((suite) => ({
        plan: suitePlan(suite, input, overrides),
        source: suite.source,
      }))
}

/** Returns the comparisons that a command line requests, ready to run. */
export async function plannedRuns(
  input: CommandInput,
  refs = input.options.refs as string[] | undefined,
): Promise<PlannedRun[]> {
  const plans = await plannedComparisons(input)
  if (refs === undefined) refuseBuildAlone(input)
  const folder = input.options.out as string | undefined
  const asked = input.options.shard as AskedShard | undefined
  const shard = asked && resolveShard(asked, process.env)
  if (shard !== undefined) for (const { plan } of plans) assertShardable(plan.trials, shard)
  const repeat = repeatWords(input, { ...comparisonAxes, ...refOptions, ...comparisonJob, untilDecided })
  const isUntilDecided = input.options.untilDecided === true
  return withRefs(plans, refs, input).map(({ plan, source }) => {
    const out = folder === undefined || plans.length === 1 ? folder : join(folder, plan.name)
    return {
      plan,
      source,
      shard,
      repeat,
      run: (options) => runPlan(plan, { ...options, out, shard, repeat, untilDecided: isUntilDecided }),
    }
  })
}

/** Refuses a build without a ref, which would build nothing. */
function refuseBuildAlone({ given }: CommandInput): void {
  const found = (['build', 'buildDeadlineMs'] as const).find((key) => given.has(key))
  if (found !== undefined)
    throw new UsageError(`--${refOptions[found].flag} builds git refs, and none were named`, {
      fix: 'Name them: --refs main,HEAD for tidemark compare, --against main for tidemark check.',
    })
}

/** Adds git refs as an axis to the comparisons, where some were named. */
function withRefs(
  plans: readonly Planned[],
  refs: string[] | undefined,
  { options }: CommandInput,
): readonly Planned[] {
  if (refs === undefined) return plans
  const planned = planRefs(refs, options as { build: string | undefined; buildDeadlineMs: number })
  return plans.map(({ plan, source }) => {
    const name = source ?? 'the command line'
    return { plan: planComparison(addRefs(plan, planned, source), `${name} with --refs`), source }
  })
}

function suitePlan(
  { source, text, definition }: LoadedDefinition,
  input: CommandInput,
  given: Overrides,
): ComparisonPlan {
  const plan = planComparison(definition, { name: source, text })
  const overrides = input.arguments[0] === ALL ? overridesFor(plan, given) : given
  refuseWithoutCommand(plan, input, overrides)
  return planComparison(overridePlan(plan, overrides), `${source} with the options given`)
}

function overridesOf({ options, given }: CommandInput): Overrides {
  const pick = (table: OptionTable) =>
    Object.fromEntries(Object.keys(table).flatMap((key) => (given.has(key) ? [[key, options[key]]] : [])))
  return {
    settings: { ...(pick(axisOptions) as Overrides['settings']), ...(options.parameters as Overrides['settings']) },
    job: pick(ofJob) as Overrides['job'],
    comparison: pick({ ...ofComparison, judge: commandOptions.judge }),
  }
}
