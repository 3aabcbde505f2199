import { groupMembers } from '../linux/process/process-group.js'
import { TidemarkError } from '../shared/errors.js'
import { pollUntil } from './poll.js'
import { signalIfThere } from './signal.js'

/** SIGKILL works at once; only what is stuck in the kernel or belongs to another user takes longer. */
export const KILLED_WITHIN_MS = 5000

export interface GroupToEnd {
  whom: string
  /** Number of the group, and pid of the process that leads it. */
  groupId: number
  /** Whether we have learnt of the leader's end: until then its pid cannot be another's. */
  hasLeaderExited(): boolean
  graceMs: number
}

/**
 * Asks, waits, forces: SIGTERM to the group, at most `graceMs` until its last process has ended, then SIGKILL.
 * @throws TidemarkError when even that ends it not
 */
export async function endGroup(group: GroupToEnd): Promise<'alone' | 'asked' | 'forced'> {
  const { groupId, hasLeaderExited, graceMs } = group
  const isEmpty = () => hasLeaderExited() && groupMembers(groupId).length === 0
  if (isEmpty()) return 'alone'
  signalIfThere(-groupId, 'SIGTERM')
  // A stopped process (SIGSTOP, Ctrl-Z) hears SIGTERM once it goes on, and not before.
  signalIfThere(-groupId, 'SIGCONT')
  if (await pollUntil(isEmpty, graceMs)) return 'asked'
  signalIfThere(-groupId, 'SIGKILL')
  if (await pollUntil(isEmpty, KILLED_WITHIN_MS)) return 'forced'
  throw new TidemarkError(`cannot end ${group.whom}: pids ${groupMembers(groupId).join(', ')} outlive SIGKILL`, {
    fix: 'They belong to another user (sudo), or hang in the kernel (state D in ps). End them by hand.',
  })
}
