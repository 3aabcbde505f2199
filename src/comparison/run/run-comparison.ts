import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { readMachineFacts } from '../../linux/machine.js'
import { compareOptions } from '../../options/comparison.js'
import type { Comparison } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'
import { UsageError } from '../../shared/errors.js'
import { FIRST_LOOK, isDecided } from '../../verdict/is-decided.js'
import type { ComparisonDefinition } from '../definition/definition.js'
import { type ComparisonPlan, planComparison, settingsOf } from '../plan/plan.js'
import { scheduleTrials } from '../plan/schedule.js'
import { assertShardable, trialsOfShard } from '../plan/shard.js'
import { withCheckouts } from '../refs/with-refs.js'
import { workloadOf } from '../workloads/workload-of.js'
import type { CompareOptions, FinishedComparison } from './compare-options.js'
import { hasComparison, makeFolder, readComparison, readPlan, savePlan } from './comparison-folder.js'
import { giveUp, isHopeless, trialsInVain } from './give-up.js'
import { after, allTrials, trialRunner } from './trial-runner.js'
import { asOnlyWriter } from './writer-lock.js'

/**
 * Runs every trial of a comparison, one at a time, each in fresh processes, in the order given by
 * its seed. A failed trial is kept with its reason, and the next one runs. `comparison.json` is
 * complete after every trial.
 *
 * @throws UsageError when the definition or the folder is invalid; nothing was started then
 */
export async function compare(
  definition: ComparisonDefinition,
  options: CompareOptions = {},
): Promise<FinishedComparison> {
  return runPlan(planComparison(definition, 'the definition'), options)
}

/** Runs a comparison whose plan was checked already. */
export async function runPlan(plan: ComparisonPlan, options: CompareOptions = {}): Promise<FinishedComparison> {
  const settings = settingsOf(plan)
  workloadOf(plan).check(settings)
  if (plan.probeEvery !== undefined) assertProbed(plan)
  const { shard, repeat, untilDecided } = options
  if (shard !== undefined && untilDecided) throw partsCannotLook()
  if (shard !== undefined) assertShardable(plan.trials, shard)
  const folder = makeFolder(options.out, plan.name, new Date())
  const ran = asOnlyWriter(folder, () =>
    prepared(plan, options, (notes) => {
      if (hasComparison(folder)) throw new UsageError(`another comparison has begun in ${folder} just now`)
      savePlan(folder, plan)
      const comparison = {
        ...startComparison(plan, settings),
        ...(shard !== undefined && { shard }),
        ...(repeat !== undefined && { repeat: [...repeat] }),
        ...(untilDecided && { looks: { first: FIRST_LOOK, last: Math.max(FIRST_LOOK, plan.trials) } }),
      }
      comparison.warnings.push(...notes)
      return runTrials(folder, plan, comparison, options)
    }),
  )
  return ran.catch((error: unknown) => {
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder)
    throw error
  })
}

/** Does work while what the trials run exists: the files of each ref. */
function prepared(
  plan: ComparisonPlan,
  { signal, onProgress }: CompareOptions,
  work: (notes: string[]) => Promise<FinishedComparison>,
): Promise<FinishedComparison> {
  return withCheckouts(plan, { signal, onNote: (note) => onProgress?.({ kind: 'preparing', note }) }, work)
}

/**
 * Checks that the job can be probed between rounds. Our own server probes itself; a command is
 * probed from outside, by a library that is preloaded only on request.
 */
function assertProbed({ name, workload }: ComparisonPlan): void {
  if (workload.kind === 'command' && !workload.probe)
    throw new UsageError(`--probe-every: ${name} runs a command, which only the library of --probe can probe`, {
      fix: 'Give --probe too (probe: true in a definition), or leave --probe-every out.',
    })
  if (workload.kind === 'federation' && workload.job.algorithm === 'swarm')
    throw new UsageError(`--probe-every: only Tidemark's own server can be probed, and ${name} runs none`, {
      fix: 'Leave it out.',
    })
}

/**
 * Resumes a comparison: runs the trials that its folder lacks, in the same order, and `moreTrials`
 * more of each setting.
 *
 * @throws UsageError when trials cannot be added
 */
export async function resumeComparison(
  folder: string,
  { moreTrials = 0, ...options }: Omit<CompareOptions, 'out'> & { moreTrials?: number } = {},
): Promise<FinishedComparison> {
  const stored = planComparison(readPlan(folder), join(folder, 'plan.json'))
  workloadOf(stored).check(settingsOf(stored))
  return asOnlyWriter(folder, () => {
    const comparison = reopenComparison(readComparison(folder))
    const plan = moreTrials === 0 ? stored : withMoreTrials(stored, comparison, moreTrials)
    if (plan !== stored) savePlan(folder, plan)
    return prepared(plan, options, () =>
      runTrials(folder, plan, { ...comparison, trialsPerSetting: plan.trials }, options),
    )
  })
}

/**
 * Adds trials to a plan. A schedule grows by whole blocks, so completed trials keep their numbers.
 * Probe trials are numbered after all others, and a shard must have the trials that the other
 * shards assume, so neither can grow.
 */
function withMoreTrials(plan: ComparisonPlan, { shard, probeTrials }: Comparison, more: number): ComparisonPlan {
  if (shard !== undefined)
    throw new UsageError(
      `--more-trials: this is part ${shard.index} of ${shard.of}, and the others would not have them`,
      {
        fix: 'Join the parts first (tidemark merge), then add trials to the whole.',
      },
    )
  if (plan.probeEvery !== undefined || (probeTrials ?? []).length > 0)
    throw new UsageError('--more-trials: a comparison with --probe-every cannot get more trials', {
      fix: 'Run it again with a higher --trials.',
    })
  const trials = compareOptions.trials.parse(String(plan.trials + more))
  if (trials === undefined)
    throw new UsageError(
      `--more-trials: ${plan.trials} and ${more} trials are ${plan.trials + more}, expected ${compareOptions.trials.expected}`,
    )
  return { ...plan, trials }
}

/** Returns a comparison without trials. */
export function startComparison(plan: ComparisonPlan, settings: Setting[]): Comparison {
  return {
    format: 'tidemark-comparison/1',
    name: plan.name,
    createdMs: Date.now(),
    updatedMs: Date.now(),
    state: 'running',
    job: workloadOf(plan).job,
    modelBytes: null,
    judge: plan.judge,
    seed: plan.seed,
    trialsPerSetting: plan.trials,
    machine: readMachineFacts(),
    ...(plan.refs && { refs: plan.refs.refs }),
    settings,
    limitBytes: plan.limit ?? null,
    ...(plan.tolerance === undefined ? {} : { tolerance: plan.tolerance }),
    expectations: expectationsOf(plan, settings),
    trials: [],
    warnings: [],
  }
}

/** Reopens a comparison. A trial that was stopped half way runs again; a failed one is a result. */
function reopenComparison(comparison: Comparison): Comparison {
  const { machine } = comparison
  const here = readMachineFacts()
  const isSame =
    here.hostname === machine.hostname && here.cpuModel === machine.cpuModel && here.kernel === machine.kernel
  const moved = `Resumed on another machine: ${here.hostname} (${here.kernel}) after ${machine.hostname} (${machine.kernel}).`
  return {
    ...comparison,
    state: 'running',
    trials: comparison.trials.filter(({ state }) => state !== 'stopped'),
    ...(comparison.probeTrials && { probeTrials: comparison.probeTrials.filter(({ state }) => state !== 'stopped') }),
    warnings: isSame ? comparison.warnings : [...comparison.warnings, moved],
  }
}

/**
 * Returns a list of shapes for each axis, by the label of each setting with expectations.
 * Expectations of an axis apply to the combinations, not to an extra setting that happens to have
 * the same value.
 */
function expectationsOf(plan: ComparisonPlan, settings: readonly Setting[]): Record<string, string[][]> {
  const combined = settings.length - plan.extraSettings.length
  const expectations = settings.flatMap(({ label, values }, index) => {
    const shapes = Object.entries(plan.expect).flatMap(([axis, byValue]) => {
      if (index >= combined && plan.settings[axis] !== undefined) return []
      const expected = byValue[String(values[axis])]
      return expected === undefined ? [] : [expected]
    })
    return shapes.length === 0 ? [] : [[label, shapes] as const]
  })
  return Object.fromEntries(expectations)
}

async function runTrials(
  folder: string,
  plan: ComparisonPlan,
  comparison: Comparison,
  options: CompareOptions,
): Promise<FinishedComparison> {
  const whole = scheduleTrials(
    comparison.settings.map(({ label }) => label),
    plan.trials,
    plan.seed,
  )
  const schedule = trialsOfShard(whole, comparison.shard)
  const probing = plan.probeEvery === undefined ? [] : schedule.map(after(whole.length))
  const done = new Set(allTrials(comparison).map(({ index }) => index))
  const { run, finish } = trialRunner({ folder, plan, comparison, trials: schedule.length + probing.length }, options)
  const inVain = trialsInVain(comparison)
  const givenUp = new Set<number>()
  const enough = options.isDecided ?? (comparison.looks && isDecided)
  for (const trial of [...schedule, ...probing]) {
    if (done.has(trial.index)) continue
    if (options.signal?.aborted) break
    const isWholeRound = trial.index % comparison.settings.length === 0 && trial.index < whole.length
    if (isHopeless(comparison, trial.setting)) {
      giveUp(comparison, trial.setting)
      givenUp.add(trial.index)
    } else {
      const { mismatch } = await run(trial, trial.index > whole.length ? plan.probeEvery : undefined)
      const stop = inVain(trial, mismatch)
      if (stop !== undefined) {
        comparison.warnings.push(stop.replaceAll(/\s*\n\s*/g, ' '))
        return { folder, comparison: finish('stopped'), mismatch: stop }
      }
    }
    if (isWholeRound && enough?.(comparison) === true) {
      comparison.trialsPerSetting = trial.trial
      return { folder, comparison: finish('completed') }
    }
  }
  const ran = allTrials(comparison).filter(({ state }) => state !== 'stopped').length
  return {
    folder,
    comparison: finish(ran + givenUp.size === schedule.length + probing.length ? 'completed' : 'stopped'),
  }
}

function partsCannotLook(): UsageError {
  return new UsageError(
    '--until-decided: a part of a comparison (--shard) does not see the trials of the others, so it does not know when they decide',
    { fix: 'Leave one of the two out.' },
  )
}
