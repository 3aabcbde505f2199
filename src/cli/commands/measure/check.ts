import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BaselineFile,
  entryOf,
  readBaselineFile,
  withEntry,
  writeBaselineFile,
} from '../../../comparison/baseline/baseline-file.js'
import { findBaseline } from '../../../comparison/baseline/find-baseline.js'
import { plannedTrials } from '../../../comparison/plan/shard.js'
import { WORKTREE } from '../../../comparison/refs/refs-plan.js'
import { isDirty, repositoryOf } from '../../../comparison/refs/resolve-refs.js'
import type { FinishedComparison } from '../../../comparison/run/compare-options.js'
import { readComparison } from '../../../comparison/run/comparison-folder.js'
import { workloadOf } from '../../../comparison/workloads/workload-of.js'
import { readMachineFacts } from '../../../linux/machine.js'
import { compareOptions } from '../../../options/comparison.js'
import { gateOptions } from '../../../options/gate.js'
import { type GateResult, type GateVerdict, verdictOf } from '../../../report/ci/gate-result.js'
import type { Comparison, PlannedRef } from '../../../results/comparison.js'
import { messageOf, type StoppedError, TargetError, UsageError } from '../../../shared/errors.js'
import { count, shellWord } from '../../../shared/text.js'
import { TRIALS_TO_DECIDE } from '../../../verdict/difference/compare-settings.js'
import { type GateCheck, gate, isGateClear, settingsOfOneSide } from '../../../verdict/gate/gate.js'
import { gateRefs } from '../../../verdict/gate/gate-refs.js'
import { gatedNumbers } from '../../../verdict/gate/gated-numbers.js'
import { type CheckOptions, printResult, publishResults } from '../../check/publish-result.js'
import { comparisonAxes, comparisonGroups, comparisonJob, type PlannedRun, plannedRuns } from '../../comparison-runs.js'
import { INCONCLUSIVE, NOT_AS_EXPECTED, TARGET_FAILED, worstExit } from '../../exit-codes.js'
import { reportComparison } from '../../output/print-comparison.js'
import { runWithProgress } from '../../output/progress/run-with-progress.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { HEAP_DIFF_ELSEWHERE } from '../../parsing/redirected-options.js'
import { hearSignals, stopWhileReporting } from '../../stop-on-signal.js'

const { out, details, json } = compareOptions

export const command: Command = {
  verb: 'check',
  summary:
    'Compare with another git ref or a stored baseline, and fail on a regression of peak, floor or slope: a gate for CI.',
  description: [
    'With --against, the other version is measured now, in turn with this one. Nothing is stored, and differences',
    'between days or machines affect both alike. Starts with four trials of each version and adds more until the result',
    'is clear, up to --trials. This version is the checkout: HEAD, or WORKTREE if it has uncommitted changes.',
    '',
    'Without --against, runs a comparison as tidemark compare does, or reads the folder of a finished one, and compares',
    'every setting with the stored baseline: its highest peak, its floor, and its growth per round. A regression is a',
    'rise that exceeds the allowance and is significant (Welch, p < 0.01 over all checks of the comparison together).',
    '--update-baseline stores the baseline.',
    '',
    'A baseline belongs to one job and one type of machine. A file can hold baselines for several types of machines; on',
    'any other type nothing is compared, unless --any-machine is given.',
    '',
    'Exit codes: 0 no regression; 1 a regression; 2 no baseline for this job and machine; 3 a trial failed; 4 too few',
    'trials to tell (four of each are needed), or peaks that are exact on one side alone. The expected shapes of a suite',
    'are checked by tidemark compare.',
  ].join('\n'),
  arguments: '[suite]',
  options: { ...gateOptions, ...comparisonAxes, out, details, json, ...comparisonJob },
  optionGroups: { 'What is allowed, and where the result goes': gateOptions, ...comparisonGroups },
  elsewhere: HEAP_DIFF_ELSEWHERE,
  examples: [
    "tidemark check my.memory.ts --against main --trials 10 --build 'npm ci && npm run build'",
    'tidemark check my.memory.ts --trials 5 --update-baseline',
    'tidemark check my.memory.ts --trials 5 --allow-peak 2% --junit memory.xml',
    'tidemark check runs/my-20260712-130509 --baseline main.json --json',
  ],
  run: runCheck,
}

/** A comparison to be run, or a finished one. */
interface Subject {
  source: string | undefined
  /** What the baseline must match, known before anything runs. */
  identity: Pick<Comparison, 'name' | 'job' | 'judge' | 'machine'>
  /** Most trials that a setting may have. */
  trials: number
  /**
   * Measures. `stopped`: a signal came while trials ran, or just after the last; `late`: while the
   * report was written.
   */
  measure(): Promise<FinishedComparison & { stopped?: StoppedError | undefined; late?: StoppedError | undefined }>
}

async function runCheck(input: CommandInput): Promise<number> {
  const options = input.options as CheckOptions
  if (options.against !== undefined) refuseBaselineWith(input)
  const subjects = await subjectsOf(input)
  const isAgainst = options.against !== undefined
  const stored = isAgainst
    ? undefined
    : options.updateBaseline
      ? readIfThere(options.baseline)
      : readBaselineFile(options.baseline)
  // Report a baseline that does not match before hours of trials rather than after them.
  if (!options.updateBaseline && !isAgainst)
    for (const { identity } of subjects) findBaseline(stored!, identity, found(options))
  for (const file of [options.junit, options.markdown]) if (file !== undefined) assertWritable(file)

  const results: GateResult[] = []
  const exitCodes: number[] = []
  let baseline = stored
  for (const subject of subjects) {
    const { folder, comparison, stopped, late } = await subject.measure()
    if (stopped !== undefined && comparison.state === 'stopped') {
      process.stderr.write(`${nothingJudged(comparison, folder)}\n`)
      exitCodes.push(stopped.exitCode)
      break
    }
    // A signal that came after the last trial leaves a whole comparison to judge.
    const interrupted = stopped ?? late
    if (options.updateBaseline) {
      baseline = withEntry(baseline, entryOf(assertMeasured(comparison), folder))
      writeBaselineFile(options.baseline, baseline)
      process.stdout.write(`Stored the baseline of ${comparison.name} in ${options.baseline}\nData: ${folder}\n`)
      if (interrupted === undefined) continue
      exitCodes.push(interrupted.exitCode)
      break
    }
    const finished = { folder, comparison }
    const result = isAgainst
      ? holdAgainstRef(subject, finished, options)
      : holdAgainst(baseline!, subject, finished, options)
    results.push(result)
    exitCodes.push(EXIT_CODES[verdictOf(result)])
    if (!options.json) printResult(result, options)
    if (interrupted !== undefined) {
      exitCodes.push(interrupted.exitCode)
      break
    }
  }
  if (!options.updateBaseline) publishResults(results, options)
  return worstExit(exitCodes)
}

function nothingJudged(comparison: Comparison, folder: string): string {
  const done = comparison.trials.filter(({ state }) => state !== 'stopped').length
  return `stopped after ${done} of ${count(plannedTrials(comparison), 'trial')}: nothing was judged. What was measured is kept: ${folder}`
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
  const { against } = input.options as CheckOptions
  const refs = against === undefined ? undefined : [against, refOfCheckout()]
  return (await plannedRuns(input, refs)).map((planned) =>
    plannedSubject(planned, machine, input.options as CheckOptions),
  )
}

/**
 * Returns the ref to check. Uncommitted changes are what the user works on, so they take
 * precedence.
 */
function refOfCheckout(): string {
  return isDirty(repositoryOf(process.cwd())) ? WORKTREE : 'HEAD'
}

function refuseBaselineWith({ given, options }: CommandInput): void {
  const found = (['baseline', 'updateBaseline', 'anyMachine'] as const).find((key) => given.has(key))
  if (found !== undefined)
    throw new UsageError(
      `check: --against ${options.against} measures both sides now, and has no use for --${gateOptions[found].flag}`,
      { fix: 'Leave one of them out.' },
    )
}

function plannedSubject(
  { plan, source, run }: PlannedRun,
  machine: Comparison['machine'],
  options: CheckOptions,
): Subject {
  if (plan.trials < TRIALS_TO_DECIDE)
    throw new UsageError(
      `check: ${plan.name} has ${count(plan.trials, 'trial')} of each setting, and fewer than ${TRIALS_TO_DECIDE} decide nothing`,
      { fix: 'Give it more, five for example: --trials 5.' },
    )
  return {
    source,
    identity: { name: plan.name, job: workloadOf(plan).job, judge: plan.judge, machine },
    trials: plan.trials,
    measure: async () => {
      const isClear = (comparison: Comparison) =>
        comparison.trials.some(({ state }) => state === 'failed') ||
        isGateClear(checksOfRefs(comparison, plan.trials, options))
      const finished = await runWithProgress((running) =>
        run(options.against === undefined ? running : { ...running, isDecided: isClear }),
      )
      using late = stopWhileReporting()
      await reportComparison(finished)
      await hearSignals()
      return { ...finished, late: late.signal.reason as StoppedError | undefined }
    },
  }
}

/** Makes a finished comparison the subject, and refuses options that apply only to running one. */
function measuredSubject(folder: string, { given, options }: CommandInput): Subject {
  const foreign = [...given].filter((key) => !(key in gateOptions) && key !== 'json' && key !== 'details')
  if (foreign.length > 0)
    throw new UsageError(
      `check: ${folder} is a comparison that ran; found ${foreign.map((key) => `--${command.options[key]!.flag}`).join(', ')} as well`,
      { fix: `Leave that out. More trials of it: tidemark compare --resume ${shellWord(folder)} --more-trials 2` },
    )
  const comparison = readComparison(folder)
  const { against } = options as CheckOptions
  if (against !== undefined && !comparison.refs?.some(({ ref }) => ref === against))
    throw new UsageError(
      `check: ${folder} has no trials of the ref "${against}"; it has ${comparison.refs?.map(({ ref }) => ref).join(', ') ?? 'no refs'}`,
      { fix: `Measure it: tidemark check JOB --against ${against}` },
    )
  return {
    source: undefined,
    identity: comparison,
    trials: comparison.trialsPerSetting,
    measure: async () => ({ folder, comparison }),
  }
}

function found({ baseline, anyMachine }: CheckOptions) {
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
  options: CheckOptions,
): GateResult {
  const { entry, notes } = findBaseline(stored, { ...identity, machine: comparison.machine }, found(options))
  const now = gatedNumbers(comparison)
  const { added, gone } = settingsOfOneSide(entry.settings, now)
  const { allowPeak, allowFloor, allowSlope } = options
  const checks = gate(entry.settings, now, { peak: allowPeak, floor: allowFloor, slope: allowSlope })
  return {
    name: comparison.name,
    judge: comparison.judge,
    source,
    folder,
    baseline: { path: options.baseline, measuredMs: entry.measuredMs, hostname: entry.machine.hostname },
    against: null,
    checks,
    failedTrials: failedTrialsOf(comparison),
    notes: [
      ...notes,
      ...(added.length > 0 ? [`Not in the baseline, so not checked: ${added.join(', ')}.`] : []),
      ...(checks.some(({ state }) => state === 'improved') ? ['--update-baseline holds what has improved.'] : []),
      ...(gone.length > 0 ? [`In the baseline and not measured now: ${gone.join(', ')}.`] : []),
    ],
  }
}

function checksOfRefs(comparison: Comparison, trials: number, options: CheckOptions): GateCheck[] {
  const [before, after] = sidesOf(comparison, options)
  const { allowPeak, allowFloor, allowSlope } = options
  const allowed = { peak: allowPeak, floor: allowFloor, slope: allowSlope }
  return gateRefs(comparison, { against: before.ref, now: after.ref, trials }, allowed)
}

/** Returns the ref to compare with, and the last of the others. */
function sidesOf({ refs = [] }: Comparison, { against }: CheckOptions): [PlannedRef, PlannedRef] {
  return [refs.find(({ ref }) => ref === against)!, refs.findLast(({ ref }) => ref !== against)!]
}

function holdAgainstRef(
  { source, trials }: Subject,
  { folder, comparison }: FinishedComparison,
  options: CheckOptions,
): GateResult {
  const [before, after] = sidesOf(comparison, options)
  const checks = checksOfRefs(comparison, trials, options)
  const ran = Math.max(...checks.map((check) => check.trials.after))
  return {
    name: comparison.name,
    judge: comparison.judge,
    source,
    folder,
    baseline: null,
    against: { before, after },
    checks,
    failedTrials: failedTrialsOf(comparison),
    notes: [
      ...comparison.warnings,
      ...(ran < trials ? [`It was clear after ${ran} trials a side; up to ${trials} would have run.`] : []),
    ],
  }
}

function failedTrialsOf({ trials }: Comparison): GateResult['failedTrials'] {
  return trials
    .filter(({ state }) => state === 'failed')
    .map(({ setting, trial, reason }) => ({ setting, trial, reason: reason ?? 'no reason is known' }))
}

function assertWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${messageOf(error)}`, { cause: error })
  }
}
