import type { Guard } from '../launch/guard.js'
import type { LaunchedProcess } from '../launch/launch.js'
import { pollUntil } from '../launch/poll.js'
import { makeOwnCgroup } from '../linux/cgroups/own-cgroup.js'
import type { RecorderHandle } from './recorder-handle.js'

/** A command in a memory cgroup of its own. */
export interface CommandCgroup {
  /** For the launch of the command. */
  readonly prefix: readonly string[]
  /** The command was launched: reads its cgroup from now on. */
  follow(command: LaunchedProcess): Promise<void>
  /** The recording is over. Processes that were left behind keep the cgroup. */
  remove(): void
}

/** A shell takes a few ms to enter it, systemd some tens; a machine that is busy takes longer. */
const ENTERED_WITHIN_MS = 5000

/**
 * Makes a cgroup for a command that is about to be launched. Where that is not allowed the user is told, and the command
 * runs without.
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
