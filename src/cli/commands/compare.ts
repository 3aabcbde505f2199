import { join } from 'node:path'
import { StoppedError, UsageError } from '../../errors.js'
import { type CompareOptions, type FinishedComparison, resumeComparison, runPlan } from '../../experiment/compare.js'
import { type Overrides, overridePlan } from '../../experiment/override.js'
import { type ComparisonPlan, planComparison } from '../../experiment/plan.js'
import { type LoadedDefinition, loadSuite } from '../../experiment/suite.js'
import {
  axisOptions,
  commandOptions,
  compareOptions,
  jobOptions,
  memoryOptions,
  type OptionTable,
  roundOptions,
  swarmOptions,
  trainingOptions,
} from '../../options.js'
import type { Command, CommandInput } from '../command.js'
import { commandDefinition, refuseWithoutCommand } from '../command-comparison.js'
import { comparisonProgress } from '../comparison-progress.js'
import { printComparison, printJson, type ReportedComparison, reportComparison } from '../print-comparison.js'
import { stopOnSignal } from '../stop-on-signal.js'

const { seed, rounds: _, ...jobWithoutSeed } = jobOptions
const { rounds, ...ofCommand } = commandOptions
const { trials, rateHz, trialDeadlineMs, limit, floor, probeEvery, out, resume, json } = compareOptions
const { clientMemoryGcRounds } = memoryOptions

const ofJob: OptionTable = {
  rounds,
  ...jobWithoutSeed,
  ...trainingOptions,
  ...roundOptions,
  ...swarmOptions,
  clientMemoryGcRounds,
}
const ofComparison: OptionTable = { trials, seed, rateHz, trialDeadlineMs, limit, floor, probeEvery }

export const command: Command = {
  verb: 'compare',
  summary: 'Compare memory settings over repeated, interleaved trials of one job or command.',
  description: [
    'Runs a job under every combination of the memory settings, several times each in fresh processes, records the',
    'memory of every process, and says what each setting did to the server.',
    '',
    'The job is the name of an algorithm (fedavg, scaffold, cyclic, swarm), or a suite: a *.memory.ts file, or a folder of them.',
    'Options that are given replace what the suite says. Results, with report.html, go to the folder that is printed.',
    'Without a job, tidemark.config.ts (or .mjs, .json) of this folder says what to compare.',
    '',
    'Each setting ends with its shape, the cause, and whether that was expected. Exit codes: 0 as expected, or nothing was',
    'expected; 1 an expectation was not met; 3 a trial failed; 4 an expectation cannot be decided yet, and how many more',
    'rounds or trials it takes is printed.',
    '',
    'With --command the job is any program: its rounds are found in its output, the memory of all its processes is read',
    'from outside, and each setting reaches it through {placeholders} and its environment.',
  ].join('\n'),
  arguments: '[job]',
  options: { ...axisOptions, ...ofComparison, out, resume, json, ...ofCommand, ...ofJob },
  examples: [
    'tidemark compare fedavg',
    'tidemark compare fedavg --trainer echo --model-size 50MB --rounds 12 --trials 3',
    'tidemark compare swarm --clients 3 --memory-gc-rounds 0,1 --rotation round-robin',
    'tidemark compare memory-profile/fedavg --server-memory-gc-rounds 0,1 --arena-max unset',
    "tidemark compare --command 'python job.py --gc {gc}' -L gc 0,5,1 --rounds nvflare --role server=runner_process",
    'tidemark compare --resume runs/fedavg-20260712-130509',
  ],
  run: runCompare,
}

async function runCompare(input: CommandInput): Promise<number> {
  const runs = input.options.resume === undefined ? await newRuns(input) : [resumedRun(input)]
  const reported: ReportedComparison[] = []
  const exitCodes: number[] = []
  for (const run of runs) {
    const { line, report } = comparisonProgress(process.stderr)
    using stop = stopOnSignal(() => line.print('stopping: ending what runs; once more ends it at once'))
    const finished = await run({ signal: stop.signal, onProgress: report }).finally(line.clear)
    const one = await reportComparison(finished)
    reported.push(one)
    if (input.options.json !== true) await printComparison(one)
    exitCodes.push(exitCodeOf(one, finished, stop.signal))
    if (finished.comparison.state === 'stopped') process.stderr.write(`${howToGoOn(finished)}\n`)
    if (stop.signal.aborted) break
  }
  if (input.options.json === true) printJson(reported)
  return worstOf(exitCodes)
}

/** Of {@link TargetError}. */
const TARGET_FAILED = 3
const NOT_AS_EXPECTED = 1
const INCONCLUSIVE = 4

/**
 * A trial that failed is a target that failed, also where the others tell all that was asked. Shapes count where something
 * was expected of them.
 */
function exitCodeOf({ view }: ReportedComparison, { comparison }: FinishedComparison, { reason }: AbortSignal): number {
  if (comparison.state === 'stopped' && reason instanceof StoppedError) return reason.exitCode
  if (comparison.trials.some(({ state }) => state === 'failed')) return TARGET_FAILED
  const states = view.verdicts.map(({ expectation }) => expectation?.state)
  if (states.includes('not met')) return NOT_AS_EXPECTED
  return states.includes('undecided') ? INCONCLUSIVE : 0
}

/** Of several comparisons: the one that a reader must hear of first. */
function worstOf(exitCodes: readonly number[]): number {
  const order = [0, INCONCLUSIVE, NOT_AS_EXPECTED, TARGET_FAILED]
  const place = (code: number) => (order.includes(code) ? order.indexOf(code) : order.length)
  return exitCodes.reduce((worst, code) => (place(code) > place(worst) ? code : worst), 0)
}

type Run = (options: CompareOptions) => Promise<FinishedComparison>

/** Every file is read and checked before the first comparison starts. */
async function newRuns(input: CommandInput): Promise<Run[]> {
  const asked = input.arguments[0]
  const isCommand = input.options.command !== undefined
  if (!isCommand && typeof input.options.rounds === 'string')
    throw new UsageError(`--rounds: found "${input.options.rounds}", expected ${jobOptions.rounds.expected}`, {
      fix: 'A preset or a pattern says where the rounds of a --command are. tidemark compare --help shows the options.',
    })
  const overrides = overridesOf(input)
  const plans = isCommand
    ? [planComparison(commandDefinition(input, overrides), 'the command line')]
    : (await loadSuite(asked)).map((suite) => suitePlan(suite, input, overrides))
  const folder = input.options.out as string | undefined
  return plans.map((plan) => {
    const out = folder === undefined || plans.length === 1 ? folder : join(folder, plan.name)
    return (options) => runPlan(plan, { ...options, out })
  })
}

function suitePlan(
  { source, text, definition }: LoadedDefinition,
  input: CommandInput,
  overrides: Overrides,
): ComparisonPlan {
  const plan = planComparison(definition, { name: source, text })
  refuseWithoutCommand(plan, input, overrides)
  return planComparison(overridePlan(plan, overrides), `${source} with the options given`)
}

function resumedRun({ arguments: [asked], options, given }: CommandInput): Run {
  const others = [...given].filter((key) => key !== 'resume' && key !== 'json')
  if (asked !== undefined || others.length > 0)
    throw new UsageError(
      `compare: --resume goes on with what ${options.resume} was started for; found ${[...(asked === undefined ? [] : [`"${asked}"`]), ...others.map((key) => `--${command.options[key]!.flag}`)].join(', ')} besides`,
      { fix: `tidemark compare --resume ${options.resume}` },
    )
  return (compareOptions) => resumeComparison(String(options.resume), compareOptions)
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

function howToGoOn({ folder, comparison }: FinishedComparison): string {
  const done = comparison.trials.filter(({ state }) => state !== 'stopped').length
  const all = comparison.settings.length * comparison.trialsPerSetting
  return `stopped after ${done} of ${all} trials; what was measured is kept. Go on with: tidemark compare --resume ${folder}`
}
