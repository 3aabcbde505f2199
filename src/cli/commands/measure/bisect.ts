import type { BisectMetric, BisectState } from '../../../comparison/bisect/bisect-state.js'
import { commitsBetween } from '../../../comparison/bisect/commits-between.js'
import { type BisectPlan, bisect, type FinishedBisect, resumeBisect } from '../../../comparison/bisect/run-bisect.js'
import { planComparison } from '../../../comparison/plan/plan.js'
import { repositoryOf } from '../../../comparison/refs/resolve-refs.js'
import { addRefs } from '../../../comparison/refs/with-refs.js'
import { compareOptions } from '../../../options/comparison.js'
import { bisectOptions } from '../../../options/refs.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { type BisectReport, bisectText } from '../../../report/terminal/bisect-text.js'
import { StoppedError, UsageError } from '../../../shared/errors.js'
import { shellWord } from '../../../shared/text.js'
import { comparisonAxes, comparisonJob, plannedComparisons } from '../../comparison-runs.js'
import { INCONCLUSIVE, NOT_AS_EXPECTED } from '../../exit-codes.js'
import { comparisonProgress } from '../../output/progress/comparison-progress.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { HEAP_DIFF_ELSEWHERE } from '../../parsing/redirected-options.js'
import { hearSignals, stopOnSignal } from '../../stop-on-signal.js'

const { out, resume, json } = compareOptions
const { trials: _, ...axes } = comparisonAxes

export const command: Command = {
  verb: 'bisect',
  summary: 'Find the commit that made the memory of a job worse.',
  description: [
    'Measures a good and a bad commit in turn, then the median of the remaining commits in turn with both, until it is',
    'clear which side it belongs to. Doubtful answers get more trials, and later measurements can overrule a wrong one.',
    'Commits that cannot be built, or whose job fails, are skipped. Prints the commit, the size of its change with a 95',
    '% interval and everything that was tried, or says that no single commit is responsible.',
    '',
    'Exit codes: 0 the commit was found; 1 good and bad do not differ enough; 3 the good or the bad commit cannot be',
    'built or measured; 4 no single commit is responsible, or it is one of several that cannot be measured.',
  ].join('\n'),
  options: {
    good: bisectOptions.good,
    bad: bisectOptions.bad,
    job: bisectOptions.job,
    metric: bisectOptions.metric,
    minChange: bisectOptions.minChange,
    trials: bisectOptions.trials,
    allParents: bisectOptions.allParents,
    build: bisectOptions.build,
    buildDeadlineMs: bisectOptions.buildDeadlineMs,
    ...axes,
    out: { ...out, defaultText: 'runs/<name>-bisect-<time>' },
    resume: { ...resume, help: 'Continue a search that was stopped.' },
    json,
    ...comparisonJob,
  },
  elsewhere: HEAP_DIFF_ELSEWHERE,
  examples: [
    'tidemark bisect --good v1.4 --bad HEAD --job job.memory.ts --build make',
    "tidemark bisect --good v1.4 --command 'python job.py' --rounds nvflare --metric slope",
    'tidemark bisect --resume runs/job-bisect-20260712-130509',
  ],
  run: runBisect,
}

type Options = OptionValues<typeof bisectOptions> & {
  resume: string | undefined
  out: string | undefined
  json: boolean
}

async function runBisect(input: CommandInput): Promise<number> {
  const options = input.options as unknown as Options
  const { line, report } = comparisonProgress(process.stderr, { atMost: 'at most ' })
  const start = options.resume === undefined ? await newSearch(input, options) : resumed(input, options.resume)
  using stop = stopOnSignal(() => line.print('stopping: ending what runs; once more ends it at once'))
  const finished = await start({ out: options.out, signal: stop.signal, onProgress: report }).finally(line.clear)
  await hearSignals()
  const found = reportOf(finished)
  process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : bisectText(found))
  if (finished.outcome === undefined)
    return stop.signal.reason instanceof StoppedError ? stop.signal.reason.exitCode : INCONCLUSIVE
  return EXIT_CODES[finished.outcome.kind]
}

const EXIT_CODES: Record<NonNullable<FinishedBisect['outcome']>['kind'], number> = {
  found: 0,
  'one of': INCONCLUSIVE,
  'no single one': INCONCLUSIVE,
  'no change': NOT_AS_EXPECTED,
  'not worse': NOT_AS_EXPECTED,
}

type Start = (options: Parameters<typeof bisect>[2]) => Promise<FinishedBisect>

async function newSearch(input: CommandInput, options: Options): Promise<Start> {
  const { good, bad, metric, minChange, trials, allParents, build, buildDeadlineMs } = options
  if (good === undefined)
    throw new UsageError('bisect: no good commit was named', {
      fix: 'For example: tidemark bisect --good v1.4 --job job.memory.ts',
    })
  if (options.job === undefined && input.options.command === undefined)
    throw new UsageError('bisect: no job was named', { fix: "Give --job job.memory.ts, or --command 'python job.py'." })
  const [planned, ...more] = await plannedComparisons({
    ...input,
    arguments: options.job === undefined ? [] : [options.job],
  })
  if (more.length > 0)
    throw new UsageError(`bisect: ${options.job} holds ${more.length + 1} comparisons, and one is searched at a time`, {
      fix: 'Name a file with one.',
    })
  const { plan, source } = planned!
  const varying = Object.entries(plan.settings).find(([, values]) => values.length > 1)
  if (varying !== undefined)
    throw new UsageError(
      `bisect: ${plan.name} compares ${varying[0]} ${varying[1].join(', ')}, and one setting is searched at a time`,
      {
        fix: `Choose one: ${flagOf(varying[0])} ${varying[1][0]}`,
      },
    )
  const repository = repositoryOf(process.cwd())
  const refs = {
    repository: repository.top,
    folder: repository.folder,
    build: build ?? null,
    buildDeadlineMs,
    refs: commitsBetween(repository, good, bad, allParents),
    notes: [],
  }
  const withCommits = planComparison(
    addRefs(plan, refs, source),
    `${source ?? 'the command line'} with --good and --bad`,
  )
  const state: BisectState = {
    format: 'tidemark-bisect/1',
    metric: metric as BisectMetric,
    minChange,
    trials,
    good,
    bad,
    rounds: [],
    skipped: [],
  }
  return (running) => bisect(withCommits as BisectPlan, state, running)
}

function flagOf(axis: string): string {
  const spec = comparisonAxes[axis]
  return spec === undefined ? `-L ${axis}` : `--${spec.flag}`
}

function resumed({ given }: CommandInput, folder: string): Start {
  const others = [...given].filter((key) => key !== 'resume' && key !== 'json')
  if (others.length > 0)
    throw new UsageError(
      `bisect: --resume continues what ${folder} was started for; found ${others.map((key) => `--${command.options[key]!.flag}`).join(', ')} as well`,
      { fix: `tidemark bisect --resume ${shellWord(folder)}` },
    )
  return (options) => resumeBisect(folder, options)
}

function reportOf({ folder, state, commits, outcome }: FinishedBisect): BisectReport {
  const { metric, good, bad, rounds, skipped } = state
  return { folder, commits, metric, good, bad, rounds, skipped, outcome }
}
