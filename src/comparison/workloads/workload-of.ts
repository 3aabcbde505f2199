import type { ComparisonPlan } from '../plan/plan.js'
import { commandWorkload } from './command.js'
import { federationWorkload } from './federation.js'
import type { Workload } from './workload.js'

/** Returns the workload of a plan. A new kind of workload is added here and in `WorkloadPlan`. */
export function workloadOf({ workload, seed, judge, refs }: ComparisonPlan): Workload {
  return workload.kind === 'federation' ? federationWorkload(workload, seed) : commandWorkload(workload, judge, refs)
}
