import { isUsedBy, type OptionTable, whyUseless } from '../../options/types/spec.js'
import { UsageError } from '../../shared/errors.js'
import { valuesByAxis } from './extra-settings.js'
import { federationOptions } from './federation-options.js'
import type { ComparisonPlan } from './plan.js'

/**
 * Values from the command line that override a suite's comparison; absent ones stay as in the
 * suite.
 */
export interface Overrides {
  settings: Record<string, readonly (string | number)[]>
  job: Record<string, string | number>
  comparison: Partial<
    Pick<
      ComparisonPlan,
      'trials' | 'seed' | 'rateHz' | 'trialDeadlineMs' | 'limit' | 'tolerance' | 'probeEvery' | 'judge'
    >
  >
}

/**
 * Applies the overrides. Drops expectations of values that are no longer compared; an axis with one
 * value from the job no longer varies.
 *
 * @throws UsageError for an option that the job's algorithm does not use
 */
export function overridePlan(plan: ComparisonPlan, { settings, job, comparison }: Overrides): ComparisonPlan {
  if (plan.workload.kind === 'federation')
    refuseUseless([...Object.keys(job), ...Object.keys(settings)], plan.workload.job.algorithm)
  const fixed = Object.entries(job).filter(([key]) => key in plan.settings)
  const axes = {
    ...plan.settings,
    ...Object.fromEntries(fixed.map(([key, value]) => [key, [value]])),
    ...settings,
  }
  // A user who names the settings to compare gets those alone, without the suite's extra settings.
  const isNamed = Object.keys(axes).some((axis) => String(axes[axis]) !== String(plan.settings[axis]))
  const extraSettings = isNamed ? [] : plan.extraSettings
  const compared = valuesByAxis(axes, extraSettings)
  const expect = Object.entries(plan.expect).flatMap(([axis, byValue]) => {
    const values = compared[axis]?.map(String)
    return values === undefined
      ? []
      : [[axis, Object.fromEntries(Object.entries(byValue).filter(([value]) => values.includes(value)))]]
  })
  const { workload } = plan
  return {
    ...plan,
    ...comparison,
    workload: workload.kind === 'federation' ? { ...workload, job: { ...workload.job, ...job } } : workload,
    settings: axes,
    extraSettings,
    expect: Object.fromEntries(expect),
  }
}

/**
 * Selects the overrides that one algorithm uses, when the command line is for several. The server's
 * cleanup applies to a swarm's peers too, under the peers' name for that option.
 */
export function overridesFor(plan: ComparisonPlan, { settings, job, comparison }: Overrides): Overrides {
  if (plan.workload.kind !== 'federation') return { settings, job, comparison }
  const { algorithm } = plan.workload.job
  const { serverMemoryGcRounds } = settings
  const isForPeers = algorithm === 'swarm' && serverMemoryGcRounds !== undefined
  return {
    settings: used({ ...(isForPeers ? { memoryGcRounds: serverMemoryGcRounds } : {}), ...settings }, algorithm),
    job: used(job, algorithm),
    comparison,
  }
}

function used<T>(given: Record<string, T>, algorithm: unknown): Record<string, T> {
  const isUsed = (key: string) => {
    const spec = (federationOptions as OptionTable)[key]
    return spec === undefined || isUsedBy(spec, algorithm)
  }
  return Object.fromEntries(Object.entries(given).filter(([key]) => isUsed(key)))
}

function refuseUseless(keys: readonly string[], algorithm: unknown): void {
  for (const key of keys) {
    const spec = (federationOptions as OptionTable)[key]
    if (spec !== undefined && !isUsedBy(spec, algorithm))
      throw new UsageError(`--${spec.flag} ${whyUseless(spec, algorithm)}`, { fix: 'Leave it out.' })
  }
}
