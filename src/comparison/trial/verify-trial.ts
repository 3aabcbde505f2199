import type { Recording, RoundRecord } from '../../recording/recording.js'
import type { TrialResult } from '../../results/comparison.js'
import { judgedRoles } from './judged-roles.js'
import type { TrialOrder } from './trial-order.js'

export type Outcome = Pick<TrialResult, 'state' | 'reason'>

/** Checks that a job which ended well did what the user asked for. */
export function verify({ plan, setting, workload }: TrialOrder, { head }: Recording, rounds: RoundRecord[]): Outcome {
  const judged = rounds.filter(({ role }) => role === plan.judge)
  const recorded = new Set(judged.map(({ round }) => round)).size
  if (recorded < (workload.rounds ?? 1))
    return {
      state: 'failed',
      reason:
        workload.rounds === null
          ? noRounds(judgedRoles(plan.judge), head)
          : `the ${plan.judge} ended well, but ${recorded} of ${workload.rounds} rounds were recorded`,
    }
  const { allocator } = workload.expectedRuntime(setting)
  const other = judgedProcesses(plan.judge, head, rounds).find((process) => isOther(process.allocator, allocator))
  if (other !== undefined)
    return {
      state: 'failed',
      reason: `the allocator asked for is ${allocator}, the one loaded in the ${other.role} is ${other.allocator}`,
    }
  return { state: 'completed', reason: null }
}

function judgedProcesses(judge: string, { processes }: Recording['head'], rounds: readonly RoundRecord[]) {
  const pids = new Set(rounds.filter(({ role }) => judgedRoles(judge).includes(role)).map(({ pid }) => pid))
  return processes.filter(({ pid }) => pids.has(pid))
}

/** Warns when the allocator could not be verified. */
export function unseenAllocators(
  { plan, setting, workload }: TrialOrder,
  { head }: Recording,
  rounds: readonly RoundRecord[],
): string[] {
  const { allocator } = workload.expectedRuntime(setting)
  if (allocator === null) return []
  return judgedProcesses(plan.judge, head, rounds).flatMap((process) =>
    process.allocator === null
      ? [
          `The ${process.role} (pid ${process.pid}) ended before it could be seen whether its allocator is ${allocator}, as asked.`,
        ]
      : [],
  )
}

function isOther(loaded: string | null, asked: string | null): boolean {
  return asked !== null && loaded !== null && loaded !== asked
}

/**
 * Explains why nothing can be judged: either no process has the role, or none of its rounds was
 * reported.
 */
function noRounds(roles: string[], { processes }: Recording['head']): string {
  const missing = roles.find((wanted) => !processes.some(({ role }) => role === wanted))
  if (missing === undefined)
    return `it ended well, but not one round of the ${roles.join(' and the ')} was recorded: its output has no line that fits (see rounds)`
  const seen = [...new Set(processes.map(({ command }) => command.slice(0, 80)))].slice(0, 5)
  return `it ended well, but no process had the role ${missing}; there were: ${seen.join(' | ')}`
}
