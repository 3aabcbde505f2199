import { groupMembers } from '../linux/process/process-group.js'
import { TidemarkError } from '../shared/errors.js'
import { pollUntil } from './poll.js'
import { signalIfThere } from './signal.js'

/**
 * How long to wait after SIGKILL. The signal works at once, unless a process is stuck in the kernel
 * or belongs to another user.
 */
export const KILLED_WITHIN_MS = 5000

export interface GroupToEnd {
  label: string
  /** Number of the group, which is the pid of the process that leads it. */
  groupId: number
  /**
   * Returns whether we know that the leader has ended. Until then its pid cannot belong to another
   * process.
   */
  hasLeaderExited(): boolean
  graceMs: number
}

/**
 * Sends SIGTERM to the group, waits at most `graceMs` until its last process has ended, then sends
 * SIGKILL.
 * @throws TidemarkError when processes survive even that
 */
export async function endGroup(group: GroupToEnd): Promise<'alone' | 'asked' | 'forced'> {
  const { groupId, hasLeaderExited, graceMs } = group
  const isEmpty = () => hasLeaderExited() && groupMembers(groupId).length === 0
  if (isEmpty()) return 'alone'
  signalIfThere(-groupId, 'SIGTERM')
  // A stopped process (SIGSTOP, Ctrl-Z) handles SIGTERM only after it continues.
  signalIfThere(-groupId, 'SIGCONT')
  if (await pollUntil(isEmpty, graceMs)) return 'asked'
  signalIfThere(-groupId, 'SIGKILL')
  if (await pollUntil(isEmpty, KILLED_WITHIN_MS)) return 'forced'
  throw new TidemarkError(`cannot end ${group.label}: pids ${groupMembers(groupId).join(', ')} outlive SIGKILL`, {
    fix: 'They belong to another user (sudo), or hang in the kernel (state D in ps). End them by hand.',
  })
}
