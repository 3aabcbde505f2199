import type { ComparisonPlan } from './plan.js'

/** What the command line says about a comparison that a suite defines; what is left out stays as the suite has it. */
export interface Overrides {
  settings: Record<string, readonly (string | number)[]>
  job: Record<string, string | number>
  comparison: Partial<
    Pick<ComparisonPlan, 'trials' | 'seed' | 'rateHz' | 'trialDeadlineMs' | 'limit' | 'floor' | 'probeEvery' | 'judge'>
  >
}

/** An expectation of a value that is no longer compared is dropped; an axis that got one value for the job varies no more. */
export function overridePlan(plan: ComparisonPlan, { settings, job, comparison }: Overrides): ComparisonPlan {
  const fixed = Object.entries(job).filter(([key]) => key in plan.settings)
  const axes = {
    ...plan.settings,
    ...Object.fromEntries(fixed.map(([key, value]) => [key, [value]])),
    ...settings,
  }
  const isCompared = (axis: string, value: string) => axes[axis]?.some((one) => String(one) === value) ?? false
  const expect = Object.entries(plan.expect).map(([axis, byValue]) => [
    axis,
    Object.fromEntries(Object.entries(byValue).filter(([value]) => isCompared(axis, value))),
  ])
  const { workload } = plan
  return {
    ...plan,
    ...comparison,
    workload: workload.kind === 'federation' ? { ...workload, job: { ...workload.job, ...job } } : workload,
    settings: axes,
    expect: Object.fromEntries(expect),
  }
}
