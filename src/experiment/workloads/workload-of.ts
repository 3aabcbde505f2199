import type { ComparisonPlan } from '../plan.js'
import { federationWorkload } from './federation.js'
import type { Workload } from './workload.js'

/** The workload of a plan. A new kind of workload joins here and in `WorkloadPlan`. */
export function workloadOf(plan: ComparisonPlan): Workload {
  return federationWorkload(plan.workload, plan.seed)
}
