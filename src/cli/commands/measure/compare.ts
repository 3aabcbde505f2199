import { basename } from 'node:path'
import { settingsOf } from '../../../comparison/plan/plan.js'
import { plannedTrials } from '../../../comparison/plan/shard.js'
import type { FinishedComparison } from '../../../comparison/run/compare-options.js'
import { hasComparison } from '../../../comparison/run/comparison-folder.js'
import { runHeapTrials } from '../../../comparison/run/heap-trials.js'
import type { HeapTrial } from '../../../comparison/run/heap-trials-file.js'
import { resumeComparison, runPlan } from '../../../comparison/run/run-comparison.js'
import { makeSuiteFolder, readSuiteFolder, type SuiteFolder } from '../../../comparison/run/suite-folder.js'
import { compareOptions } from '../../../options/comparison.js'
import { liveOptions } from '../../../options/live.js'
import { heapOptions } from '../../../options/recording.js'
import { refOptions } from '../../../options/refs.js'
import type { OptionValues } from '../../../options/types/spec.js'
import type { HeapDiffOptions } from '../../../recording/heap/heap-order.js'
import { type StoppedError, UsageError } from '../../../shared/errors.js'
import { printable } from '../../../shared/printable.js'
import { count, shellWord } from '../../../shared/text.js'
import { comparisonAxes, comparisonGroups, comparisonJob, plannedRuns, type Run } from '../../comparison-runs.js'
import { INCONCLUSIVE, NOT_AS_EXPECTED, TARGET_FAILED, worstExit } from '../../exit-codes.js'
import { serveComparison } from '../../live/serve-comparison.js'
import {
  printComparison,
  printJson,
  type ReportedComparison,
  reportComparison,
  reportIndex,
  reportOverview,
} from '../../output/print-comparison.js'
import { runWithProgress, type WatchedComparison } from '../../output/progress/run-with-progress.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { readHeapOptions } from '../../parsing/heap-options.js'
import { hearSignals, stopOnSignal, stopWhileReporting } from '../../stop-on-signal.js'

const { untilDecided, out, shard, resume, moreTrials, details, json } = compareOptions

export const command: Command = {
  verb: 'compare',
  summary: 'Compare memory settings over repeated, interleaved trials of one job or command.',
  description: [
    'Runs a job under every combination of the memory settings, several times each in fresh processes, records the',
    'memory of every process, and reports what each setting does to the server.',
    '',
    'The job is the name of an algorithm (fedavg, scaffold, cyclic, swarm) or a suite: a *.memory.ts file, or a folder',
    'of them. With all, the four algorithms are compared one after the other, each in its own folder, with an overview.',
    'Options then apply to the algorithms that know them, and --server-memory-gc-rounds also applies to the peers of',
    'the swarm. Options override the suite; a default holds where the suite sets nothing. Results, including',
    'report.html, are written to the folder that is printed.',
    'Without a job, tidemark.config.ts (or .mjs, .json) in this folder defines what to compare.',
    '',
    'Each setting ends with its shape, the cause, and whether that was expected. Exit codes: 0 as expected, or nothing',
    'was expected; 1 an expectation was not met; 3 a trial failed; 4 an expectation is undecided.',
    '',
    'With --command the job is any program: its rounds are found in its output, the memory of all its processes is read',
    'from outside, and each setting reaches it through {placeholders} and its environment. If the first trials end',
    'without a process of the role or a line of a round, it stops with exit code 3 and suggests what would match.',
    '',
    'With --refs the job is compared between git refs: each is checked out and built outside the checkout before the',
    'first trial, the trials of all refs run in turn, and the worktrees are removed at the end.',
  ].join('\n'),
  arguments: '[job]',
  options: {
    ...comparisonAxes,
    ...refOptions,
    untilDecided,
    out,
    shard,
    resume,
    moreTrials,
    details,
    json,
    ...comparisonJob,
    ...heapOptions,
    ...liveOptions,
  },
  optionGroups: {
    ...comparisonGroups,
    'How it is measured': { ...comparisonGroups['How it is measured'], untilDecided },
    'Git refs': refOptions,
    Results: { out, resume, moreTrials, shard, details, json },
    'Which lines grow': heapOptions,
    'While it runs': liveOptions,
  },
  examples: [
    'tidemark compare fedavg',
    'tidemark compare fedavg --trainer echo --model-size 50MB --rounds 12 --trials 3',
    'tidemark compare scaffold --option I --local-steps 5 --trials 2',
    'tidemark compare cyclic --order random --clients 4',
    'tidemark compare swarm --clients 3 --memory-gc-rounds 0,1 --rotation round-robin',
    'tidemark compare all --trainer echo --model-size 20MB --rounds 12 --trials 2',
    'tidemark compare suites/fedavg --server-memory-gc-rounds 0,1 --arena-max unset',
    "tidemark compare --command 'python job.py --gc {gc}' -L gc 0,5,1 --rounds nvflare --role server=runner_process",
    "tidemark compare --command 'python job.py' -L MALLOC_ARENA_MAX unset,4 --rounds nvflare --probe",
    "tidemark compare job.memory.ts --refs main,HEAD --build 'npm ci && npm run build'",
    'tidemark compare --resume runs/fedavg-20260712-130509',
    'tidemark compare --resume runs/fedavg-20260712-130509 --more-trials 2',
  ],
  run: runCompare,
}

async function runCompare(input: CommandInput): Promise<number> {
  const heapDiff = readHeapOptions('compare', input)
  if (heapDiff !== undefined) assertHeapDiff(input)
  const { runs, folder, trials = [] } = input.options.resume === undefined ? await newRuns(input) : resumedRuns(input)
  const isJson = input.options.json === true
  const details = input.options.details === true
  const reported: ReportedComparison[] = []
  const exitCodes: number[] = []
  await using served = await serveComparison(input.options as OptionValues<typeof liveOptions>)
  for (const [place, run] of runs.entries()) {
    const finished = await runWithProgress(run, {
      onRecorder: served?.onRecorder,
      ofSeveral: {
        place: place + 1,
        of: runs.length,
        trialsLater: trials.slice(place + 1).reduce((sum, one) => sum + one, 0),
      },
      hasReport: true,
    })
    using late = stopWhileReporting()
    const heaps = heapDiff && finished.comparison.state === 'completed' && (await heapTrials(finished, heapDiff))
    const one = { ...(await reportComparison(finished)), ...(heaps && { heapDiff: heaps }) }
    reported.push(one)
    if (folder !== undefined) await reportIndex(folder, reported, runs.length)
    if (!isJson) {
      if (place > 0) process.stdout.write('\n')
      await printComparison(one, { details })
    }
    exitCodes.push(exitCodeOf(one, finished))
    if (finished.mismatch !== undefined) process.stderr.write(`${finished.mismatch}\n`)
    else if (finished.comparison.state === 'stopped') process.stderr.write(`${howToResume(finished, folder)}\n`)
    await hearSignals()
    if (late.signal.aborted) {
      exitCodes.push((late.signal.reason as StoppedError).exitCode)
      break
    }
    if (finished.stopped !== undefined) break
  }
  if (folder !== undefined) await reportOverview(folder, reported, { isJson, details, planned: runs.length })
  if (isJson) printJson(reported, { isSuite: folder !== undefined })
  return worstExit(exitCodes)
}

/**
 * Checks that `--heap-diff` is possible. Its trials run after all others, in the folder that the
 * command was given for.
 */
function assertHeapDiff({ options, given }: CommandInput): void {
  if (options.command === undefined)
    throw new UsageError('compare: --heap-diff needs --command: the command whose lines are to be named', {
      fix: 'Of another job, record it alone: tidemark run --heap-diff 5 -- COMMAND',
    })
  const other = (['refs', 'shard'] as const).find((key) => given.has(key))
  if (other !== undefined)
    throw new UsageError(`compare: --heap-diff cannot be had with --${other}`, { fix: 'Compare without one of them.' })
}

/** Runs the trials of `--heap-diff`. The first signal ends them, like the measured trials. */
async function heapTrials(finished: WatchedComparison, heapDiff: HeapDiffOptions): Promise<HeapTrial[]> {
  using stop = stopOnSignal(() => process.stderr.write('stopping: ending what runs; once more ends it at once\n'))
  const onNote = (note: string) => process.stderr.write(`${printable(note)}\n`)
  return runHeapTrials(finished, heapDiff, { signal: stop.signal, onNote })
}

/**
 * Returns the exit code. A failed trial counts as a failed target, even where the other trials
 * answer everything. Shapes count where they were expected, except in a shard, which holds only a
 * part of the trials.
 */
function exitCodeOf({ view }: ReportedComparison, { comparison, stopped }: WatchedComparison): number {
  if (stopped !== undefined && comparison.state === 'stopped') return stopped.exitCode
  if (comparison.trials.some(({ state }) => state === 'failed')) return TARGET_FAILED
  if (comparison.shard !== undefined) return 0
  const states = view.verdicts.map(({ expectation }) => expectation?.state)
  if (states.includes('not met')) return NOT_AS_EXPECTED
  return states.includes('undecided') ? INCONCLUSIVE : 0
}

/** Comparisons to run, and the folder that holds them all where there are several. */
interface Runs {
  runs: Run[]
  /** Trials per comparison; left out for a single one. */
  trials?: number[]
  folder?: string
}

async function newRuns(input: CommandInput): Promise<Runs> {
  if (input.given.has('moreTrials'))
    throw new UsageError('compare: --more-trials belongs to --resume: it adds trials to a comparison that ran', {
      fix: 'Of a new comparison, --trials says how many there are.',
    })
  const planned = await plannedRuns(input)
  if (planned.length === 1) return { runs: planned.map(({ run }) => run) }
  const name = basename(input.arguments[0] ?? 'config').replace(/\.memory\.\w+$/, '')
  const suite = { plans: planned.map(({ plan }) => plan), shard: planned[0]?.shard, repeat: planned[0]?.repeat }
  return suiteRuns(makeSuiteFolder(input.options.out as string | undefined, name, suite))
}

const UNTIL_DECIDED = `--${untilDecided.flag}`

/** Returns the runs of a suite: comparisons that were begun are resumed, the others start. */
function suiteRuns({ folder, comparisons, shard, repeat }: SuiteFolder, moreTrials = 0): Runs {
  const runs = comparisons.map(
    (one): Run =>
      (options) =>
        hasComparison(one.folder)
          ? resumeComparison(one.folder, { ...options, moreTrials })
          : runPlan(
              { ...one.plan, trials: one.plan.trials + moreTrials },
              { ...options, out: one.folder, shard, repeat, untilDecided: repeat?.includes(UNTIL_DECIDED) === true },
            ),
  )
  const trials = comparisons.map(({ plan }) => settingsOf(plan).length * plan.trials)
  return { runs, folder, trials }
}

function resumedRuns({ arguments: [asked], options, given }: CommandInput): Runs {
  const others = [...given].filter((key) => !KEPT_WITH_RESUME.includes(key))
  if (asked !== undefined || others.length > 0)
    throw new UsageError(
      `compare: --resume continues what ${options.resume} was started for; found ${[...(asked === undefined ? [] : [`"${asked}"`]), ...others.map((key) => `--${command.options[key]!.flag}`)].join(', ')} as well`,
      { fix: `tidemark compare --resume ${shellWord(String(options.resume))}` },
    )
  const folder = String(options.resume)
  const moreTrials = options.moreTrials as number | undefined
  const suite = readSuiteFolder(folder)
  return suite === undefined
    ? { runs: [(compareOptions) => resumeComparison(folder, { ...compareOptions, moreTrials: moreTrials ?? 0 })] }
    : suiteRuns(suite, moreTrials)
}

/** Options that are allowed with --resume: they change what is shown, not what runs. */
const KEPT_WITH_RESUME = ['resume', 'moreTrials', 'json', 'details', 'listen', 'token']

/**
 * Explains how to continue.
 *
 * @param suite the folder of all comparisons, where there are several
 */
function howToResume({ folder, comparison }: FinishedComparison, suite: string | undefined): string {
  const done = comparison.trials.filter(({ state }) => state !== 'stopped').length
  const all = plannedTrials(comparison)
  const of = suite === undefined ? '' : ` of ${comparison.name}`
  return `stopped after ${done} of ${count(all, 'trial')}${of}; what was measured is kept. Continue with: tidemark compare --resume ${shellWord(suite ?? folder)}`
}
