import { appendFileSync, closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pc from 'picocolors'
import {
  type BaselineFile,
  entryOf,
  readBaselineFile,
  withEntry,
  writeBaselineFile,
} from '../../../comparison/baseline/baseline-file.js'
import { findBaseline } from '../../../comparison/baseline/find-baseline.js'
import { readComparison } from '../../../comparison/run/comparison-folder.js'
import type { FinishedComparison } from '../../../comparison/run/run-comparison.js'
import { workloadOf } from '../../../comparison/workloads/workload-of.js'
import { readMachineFacts } from '../../../linux/machine.js'
import { compareOptions } from '../../../options/comparison.js'
import { gateOptions } from '../../../options/gate.js'
import type { OptionValues } from '../../../options/spec.js'
import { gateAnnotations } from '../../../report/ci/gate-annotations.js'
import { gateJunit } from '../../../report/ci/gate-junit.js'
import { gateMarkdown } from '../../../report/ci/gate-markdown.js'
import { type GateResult, type GateVerdict, verdictOf } from '../../../report/ci/gate-result.js'
import { gateTerminal } from '../../../report/ci/gate-terminal.js'
import { count } from '../../../report/prose/count.js'
import type { Comparison } from '../../../results/comparison.js'
import { messageOf, TargetError, UsageError } from '../../../shared/errors.js'
import { TRIALS_TO_DECIDE } from '../../../verdict/difference/compare-settings.js'
import { gate, settingsOfOneSide } from '../../../verdict/gate/gate.js'
import { gatedNumbers } from '../../../verdict/gate/gated-numbers.js'
import { comparisonAxes, comparisonJob, type PlannedRun, plannedRuns } from '../../comparison-runs.js'
import { INCONCLUSIVE, NOT_AS_EXPECTED, TARGET_FAILED, worstExit } from '../../exit-codes.js'
import { reportComparison } from '../../output/print-comparison.js'
import { runWithProgress } from '../../output/run-with-progress.js'
import { writeStyled } from '../../output/terminal.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { HEAP_DIFF_ELSEWHERE } from '../../parsing/redirected-options.js'

const { out, json } = compareOptions

export const command: Command = {
  verb: 'check',
  summary: 'Compare with a stored baseline, and fail on a regression of peak, floor or slope: a gate for CI.',
  description: [
    'Runs a comparison as tidemark compare does, or takes the folder of one that ran, and holds every setting against the',
    'stored baseline: its highest peak, its floor, and its growth a round. A regression is a rise that is larger than allowed',
    'and not by chance (Welch, p < 0.01 over all checks of the comparison together). --update-baseline stores the baseline.',
    '',
    'A baseline knows its job and its machine. One file holds a baseline for each type of machine; on a type that it lacks',
    'nothing is compared, unless --any-machine is given.',
    '',
    'Exit codes: 0 no regression; 1 a regression; 2 there is no baseline for this job and machine; 3 a trial failed;',
    '4 too few trials to tell (four a side). What a suite expects of shapes is for tidemark compare, not for this verb.',
  ].join('\n'),
  arguments: '[suite]',
  options: { ...gateOptions, ...comparisonAxes, out, json, ...comparisonJob },
  elsewhere: HEAP_DIFF_ELSEWHERE,
  examples: [
    'tidemark check my.memory.ts --trials 5 --update-baseline',
    'tidemark check my.memory.ts --trials 5 --allow-peak 2% --junit memory.xml',
    'tidemark check runs/my-20260712-130509 --baseline main.json --json',
  ],
  run: runCheck,
}

type Options = OptionValues<typeof gateOptions> & { json: boolean }

/** A comparison that is to run, or one that ran. */
interface Subject {
  source: string | undefined
  /** What a baseline has to be of, known before anything runs. */
  identity: Pick<Comparison, 'name' | 'job' | 'judge' | 'machine'>
  measure(): Promise<FinishedComparison & { stopped?: { exitCode: number } | undefined }>
}

async function runCheck(input: CommandInput): Promise<number> {
  const options = input.options as Options
  const subjects = await subjectsOf(input)
  const stored = options.updateBaseline ? readIfThere(options.baseline) : readBaselineFile(options.baseline)
  // What is wrong is told before hours of trials, and not after them.
  if (!options.updateBaseline) for (const { identity } of subjects) findBaseline(stored!, identity, found(options))
  for (const file of [options.junit, options.markdown]) if (file !== undefined) assertWritable(file)

  const results: GateResult[] = []
  const exitCodes: number[] = []
  let baseline = stored
  for (const subject of subjects) {
    const { folder, comparison, stopped } = await subject.measure()
    if (stopped !== undefined) {
      exitCodes.push(stopped.exitCode)
      break
    }
    if (options.updateBaseline) {
      baseline = withEntry(baseline, entryOf(assertMeasured(comparison)))
      writeBaselineFile(options.baseline, baseline)
      process.stdout.write(`Stored the baseline of ${comparison.name} in ${options.baseline}\nData: ${folder}\n`)
      continue
    }
    const result = holdAgainst(baseline!, subject, { folder, comparison }, options)
    results.push(result)
    exitCodes.push(EXIT_CODES[verdictOf(result)])
    if (!options.json)
      writeStyled(process.stdout, gateTerminal(result, process.stdout.isTTY === true && pc.isColorSupported))
  }
  if (!options.updateBaseline) tell(results, options)
  return worstExit(exitCodes)
}

const EXIT_CODES: Record<GateVerdict, number> = {
  passed: 0,
  regressed: NOT_AS_EXPECTED,
  inconclusive: INCONCLUSIVE,
  'trials failed': TARGET_FAILED,
}

async function subjectsOf(input: CommandInput): Promise<Subject[]> {
  const asked = input.arguments[0]
  if (asked !== undefined && existsSync(join(asked, 'comparison.json'))) return [measuredSubject(asked, input)]
  const machine = readMachineFacts()
  return (await plannedRuns(input)).map((planned) => plannedSubject(planned, machine))
}

function plannedSubject({ plan, source, run }: PlannedRun, machine: Comparison['machine']): Subject {
  if (plan.trials < TRIALS_TO_DECIDE)
    throw new UsageError(
      `check: ${plan.name} has ${count(plan.trials, 'trial')} of each setting, and fewer than ${TRIALS_TO_DECIDE} decide nothing`,
      { fix: 'Give it more, five for example: --trials 5.' },
    )
  return {
    source,
    identity: { name: plan.name, job: workloadOf(plan).job, judge: plan.judge, machine },
    measure: async () => {
      const finished = await runWithProgress(run)
      await reportComparison(finished)
      return finished
    },
  }
}

/** What ran already takes no options of running. */
function measuredSubject(folder: string, { given }: CommandInput): Subject {
  const foreign = [...given].filter((key) => !(key in gateOptions) && key !== 'json')
  if (foreign.length > 0)
    throw new UsageError(
      `check: ${folder} is a comparison that ran; found ${foreign.map((key) => `--${command.options[key]!.flag}`).join(', ')} besides`,
    )
  const comparison = readComparison(folder)
  return { source: undefined, identity: comparison, measure: async () => ({ folder, comparison }) }
}

function found({ baseline, anyMachine }: Options) {
  return { path: baseline, anyMachine }
}

function readIfThere(path: string): BaselineFile | undefined {
  return existsSync(path) ? readBaselineFile(path) : undefined
}

function assertMeasured(comparison: Comparison): Comparison {
  const failed = comparison.trials.find(({ state }) => state === 'failed')
  if (failed === undefined) return comparison
  throw new TargetError(
    `no baseline was written: trial ${failed.trial} of ${failed.setting} failed: ${failed.reason}`,
    {
      fix: 'A baseline has to be of a job that works.',
    },
  )
}

function holdAgainst(
  stored: BaselineFile,
  { source, identity }: Subject,
  { folder, comparison }: FinishedComparison,
  options: Options,
): GateResult {
  const { entry, notes } = findBaseline(stored, { ...identity, machine: comparison.machine }, found(options))
  const now = gatedNumbers(comparison)
  const { added, gone } = settingsOfOneSide(entry.settings, now)
  const { allowPeak, allowFloor, allowSlope } = options
  return {
    name: comparison.name,
    judge: comparison.judge,
    source,
    folder,
    baseline: { path: options.baseline, measuredMs: entry.measuredMs, hostname: entry.machine.hostname },
    checks: gate(entry.settings, now, { peak: allowPeak, floor: allowFloor, slope: allowSlope }),
    failedTrials: comparison.trials
      .filter(({ state }) => state === 'failed')
      .map(({ setting, trial, reason }) => ({ setting, trial, reason: reason ?? 'no reason is known' })),
    notes: [
      ...notes,
      ...(added.length > 0 ? [`Not in the baseline, so not checked: ${added.join(', ')}.`] : []),
      ...(gone.length > 0 ? [`In the baseline and not measured now: ${gone.join(', ')}.`] : []),
    ],
  }
}

function assertWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${messageOf(error)}`, { cause: error })
  }
}

/** GitHub takes at most 1 MiB of summary a step, and nothing of a larger one. */
const MOST_SUMMARY_BYTES = 1_000_000

/** Annotations go to standard error, which GitHub reads as well: standard output may hold JSON. */
function tell(results: readonly GateResult[], options: Options): void {
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  if (options.junit !== undefined) writeFileSync(options.junit, gateJunit(results))
  if (options.markdown !== undefined) writeFileSync(options.markdown, gateMarkdown(results))
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = process.env
  if (options.github || GITHUB_ACTIONS === 'true')
    for (const line of results.flatMap(gateAnnotations)) process.stderr.write(`${line}\n`)
  if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, gateMarkdown(results).slice(0, MOST_SUMMARY_BYTES))
}
