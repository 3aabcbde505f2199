import type { Guard } from '../launch/guard.js'
import type { LaunchedProcess } from '../launch/launch.js'
import { pollUntil } from '../launch/poll.js'
import { makeOwnCgroup } from '../linux/cgroups/own-cgroup.js'
import type { RecorderHandle } from './recorder-handle.js'

/** The memory cgroup of a command. */
export interface CommandCgroup {
  /** Words that go before the command when it is launched. */
  readonly prefix: readonly string[]
  /** Reads the cgroup from now on; called once the command was launched. */
  follow(command: LaunchedProcess): Promise<void>
  /** Removes the cgroup after the recording. Processes that were left behind keep it. */
  remove(): void
}

/**
 * Time for the command to enter its cgroup: a shell takes a few ms, systemd some tens, a busy
 * machine longer.
 */
const ENTERED_WITHIN_MS = 5000

/**
 * Makes a cgroup for a command that is about to be launched. If that is not allowed, notifies the
 * user, and the command runs without one.
 */
export function commandCgroup(
  guard: Guard,
  recorder: RecorderHandle,
  onNote: (note: string) => void,
): CommandCgroup | undefined {
  const warn = (why: string) => {
    const note = `The command has no cgroup of its own (--cgroup): ${why}. The peak of the tree is sampled, as without.`
    onNote(note)
    recorder.warn(note)
  }
  const own = makeOwnCgroup(`tidemark-${guard.recordingId}`)
  if (own.kind === 'refused') {
    warn(own.why)
    return undefined
  }
  if (own.folder !== null) guard.watchFolder(own.folder)
  return {
    prefix: own.prefix,
    follow: async (command) => {
      const isThere = () => own.placeOf(command.pid) !== undefined
      await pollUntil(() => isThere() || command.exit !== null, ENTERED_WITHIN_MS)
      const place = own.placeOf(command.pid)
      if (place === undefined) warn('it did not get into the one that was made')
      else recorder.recordCgroup(place, { isNew: true })
    },
    remove: own.remove,
  }
}
