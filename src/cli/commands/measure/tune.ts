import { loadSuite } from '../../../comparison/definition/suite.js'
import { overridePlan } from '../../../comparison/plan/override.js'
import { type ComparisonPlan, planComparison } from '../../../comparison/plan/plan.js'
import { allocatorsFound, type Tuned, tune } from '../../../comparison/run/tune.js'
import { aggregationCompared, axisOptions, compareOptions } from '../../../options/comparison.js'
import { jobOptions, memoryOptions, roundOptions, trainingOptions } from '../../../options/federation.js'
import type { OptionTable } from '../../../options/types/spec.js'
import { summaryOf, tuneAnswer, tuneDetails } from '../../../report/terminal/tune-answer.js'
import { StoppedError, UsageError } from '../../../shared/errors.js'
import { printableLine } from '../../../shared/printable.js'
import { elseOfSuite } from '../../comparison-runs.js'
import { comparisonProgress } from '../../output/progress/comparison-progress.js'
import { writeStyled } from '../../output/terminal.js'
import { terminalStyle } from '../../output/terminal-style.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { HEAP_DIFF_ELSEWHERE } from '../../parsing/redirected-options.js'
import { hearSignals, stopOnSignal } from '../../stop-on-signal.js'

const { seed, ...jobWithoutSeed } = jobOptions
const { rateHz, trialDeadlineMs, out, details, json } = compareOptions
const ofJob: OptionTable = {
  ...jobWithoutSeed,
  rounds: elseOfSuite(jobWithoutSeed.rounds),
  clients: elseOfSuite(jobWithoutSeed.clients),
  ...trainingOptions,
  ...roundOptions,
  clientMemoryGcRounds: memoryOptions.clientMemoryGcRounds,
  aggregation: aggregationCompared,
}

export const command: Command = {
  verb: 'tune',
  summary: 'Find the cheapest memory settings whose peak stays under a limit.',
  description: [
    'Runs a job of an algorithm under several settings of cleanup, arenas and the allocators found on this machine,',
    'with as few trials as possible: a setting is dropped when its first peak reaches the limit, and the slower half of',
    'the remaining ones is not tried again. Prints the cheapest setting that stays below the limit, with its evidence,',
    'as variables and options to paste.',
    '',
    'Exit codes: 0 found; 1 no setting stays below the limit.',
  ].join('\n'),
  arguments: '<algorithm>',
  options: {
    limit: {
      ...compareOptions.limit,
      defaultText: 'required',
      help: 'What the exact peak of the server must stay under.',
    },
    ...axisOptions,
    allocator: { ...axisOptions.allocator, defaultText: 'all that are found on this machine' },
    seed,
    rateHz,
    trialDeadlineMs,
    out: { ...out, defaultText: 'runs/<name>-tune-<time>' },
    details,
    json,
    ...ofJob,
  },
  elsewhere: HEAP_DIFF_ELSEWHERE,
  examples: ['tidemark tune fedavg --limit 2GiB', 'tidemark tune fedavg --limit 120MiB --rounds 12 --allocator glibc'],
  run: runTune,
}

const NONE_FOUND = 1

async function runTune(input: CommandInput): Promise<number> {
  const limitBytes = input.options.limit as number | undefined
  if (limitBytes === undefined)
    throw new UsageError('tune: no limit was given', { fix: 'For example: tidemark tune fedavg --limit 2GiB' })
  const plan = await planOf(input)
  const { line, report } = comparisonProgress(process.stderr, { atMost: 'at most ' })
  using stop = stopOnSignal(() => line.print('stopping: ending what runs; once more ends it at once'))
  const options = { out: input.options.out as string | undefined, signal: stop.signal, onProgress: report }
  const tuned = await tune(plan, limitBytes, options).finally(line.clear)
  if (input.options.json === true) process.stdout.write(asJson(tuned))
  else print(tuned, limitBytes, input.options.details === true)
  await hearSignals()
  if (stop.signal.reason instanceof StoppedError) return stop.signal.reason.exitCode
  return tuned.outcome.kind === 'found' ? 0 : NONE_FOUND
}

async function planOf({ arguments: [asked], options, given }: CommandInput): Promise<ComparisonPlan> {
  if (asked === undefined)
    throw new UsageError('tune: no algorithm was named', { fix: 'For example: tidemark tune fedavg --limit 2GiB' })
  const [suite, ...others] = await loadSuite(asked, 'tune')
  if (others.length > 0)
    throw new UsageError(`tune: ${asked} is ${others.length + 1} jobs, and one is tuned at a time`, {
      fix: 'Name one of them, such as fedavg.',
    })
  const pick = (table: OptionTable) =>
    Object.fromEntries(Object.keys(table).flatMap((key) => (given.has(key) ? [[key, options[key]]] : [])))
  const allocator = allocatorsFound(['glibc', 'jemalloc', 'mimalloc', 'tcmalloc'])
  const plan = overridePlan(planComparison(suite!.definition, { name: suite!.source, text: suite!.text }), {
    settings: { allocator, ...(pick(axisOptions) as Record<string, (string | number)[]>) },
    job: pick(ofJob) as Record<string, string | number>,
    comparison: pick({ seed, rateHz, trialDeadlineMs }),
  })
  return planComparison(plan, `${suite!.source} with the options given`)
}

function asJson(tuned: Tuned): string {
  const { folder, outcome, comparison } = tuned
  const settings = comparison.settings.map((setting) => ({ ...setting, ...summaryOf(tuned, setting.label) }))
  return `${JSON.stringify({ folder, outcome, settings, limitBytes: comparison.limitBytes }, null, 2)}\n`
}

function print(tuned: Tuned, limitBytes: number, details: boolean): void {
  const lines = [
    ...tuneAnswer(tuned, limitBytes, terminalStyle(process.stdout)),
    ...(details ? ['', ...tuneDetails(tuned, limitBytes).map((line) => `  ${line}`), ''] : []),
    `  Data: ${printableLine(tuned.folder)}`,
    '',
  ]
  writeStyled(process.stdout, lines.join('\n'))
}
