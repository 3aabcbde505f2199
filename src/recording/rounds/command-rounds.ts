import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { type FollowedFile, followFile } from '../../launch/follow-file.js'
import type { LaunchedProcess } from '../../launch/launch.js'
import { openFile } from '../../linux/files/open-files.js'
import type { RolePattern } from '../processes/process-name.js'
import type { RecorderHandle } from '../recorder-handle.js'
import type { RoundPattern } from './log/round-pattern.js'
import { type FollowedStream, followRounds, type RoundFollower } from './round-follower.js'
import type { AskedFor, NamedRole } from './unmatched.js'

/** Rounds that are read from a command's output or from a log file. */
export interface RoundsOfCommand {
  pattern: RoundPattern
  logFile: string | undefined
  /** Option as the user gave it, for messages: `--rounds nvflare`. */
  flag: string
}

/**
 * How long to wait for the rest of the output. A daemon that keeps it open must not block us; what
 * the command itself wrote arrives immediately.
 */
const DRAIN_MS = 1000

/**
 * Follows the source of one command's rounds: a log from its current end, or the command's output
 * on its way to ours.
 */
export class CommandRounds {
  readonly asked: RoundsOfCommand
  readonly follower: RoundFollower
  readonly #log: { file: FollowedFile; stream: FollowedStream } | undefined
  #command: LaunchedProcess | undefined
  #drained: Promise<unknown> | undefined

  /** @throws UsageError if the log exists and cannot be read */
  constructor(asked: RoundsOfCommand, recorder: RecorderHandle) {
    const { pattern, logFile } = asked
    this.asked = asked
    this.follower = followRounds(recorder, pattern)
    if (logFile === undefined) return
    const stream = this.follower.stream(resolve(logFile))
    this.#log = { stream, file: followFile(logFile, (chunk) => stream.write(chunk), { fromEnd: true }) }
  }

  /** Follows the output of the command, if it is a pipe to us. */
  follow(command: LaunchedProcess): void {
    if (command.stdout === null || command.stderr === null) return
    this.#command = command
    this.#drained = Promise.all([
      passOn(command.stdout, process.stdout, this.follower.stream(openFile(command.pid, 1))),
      passOn(command.stderr, process.stderr, this.follower.stream(openFile(command.pid, 2))),
    ])
  }

  /**
   * Ends the following.
   *
   * @param hasEnded true if the command ended itself and succeeded; one that failed, or still runs,
   *   did not complete its round
   */
  async finish(hasEnded: boolean): Promise<void> {
    this.#log?.file.readNow()
    this.#log?.file.close()
    this.#log?.stream.end()
    if (this.#drained !== undefined) {
      const timer = new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())
      await Promise.race([this.#drained, timer])
      // Streams that a daemon keeps open would keep this program running.
      for (const stream of [this.#command?.stdout, this.#command?.stderr]) stream?.destroy()
    }
    if (hasEnded) this.follower.close()
  }
}

export function askedFor(
  rounds: CommandRounds | undefined,
  roles: readonly NamedRole[],
  preset: readonly RolePattern[] = [],
): AskedFor {
  return {
    presetRoles: preset,
    ...(rounds && { rounds: { ...rounds.asked, follower: rounds.follower } }),
    roles,
  }
}

/**
 * Passes output on. If our own output is closed (`| head -1`), the command continues and its output
 * is discarded.
 */
async function passOn(from: Readable, to: NodeJS.WritableStream, rounds: FollowedStream): Promise<void> {
  let isRead = true
  const stop = () => {
    isRead = false
    from.resume() // it may wait for a reader that is gone
  }
  to.once('error', stop)
  from.on('data', (chunk: Uint8Array) => {
    rounds.write(chunk)
    if (!isRead || to.write(chunk)) return
    from.pause()
    to.once('drain', () => from.resume())
  })
  await once(from, 'close')
  to.off('error', stop)
  rounds.end()
}
