import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ExitStatus } from '../launch/exit-status.js'
import { runOptions } from '../options/recording.js'
import { defaultValues } from '../options/types/spec.js'
import { messageOf, UsageError } from '../shared/errors.js'
import { printable } from '../shared/printable.js'
import { recordCommand } from './record-command.js'
import type { Recording } from './recording.js'
import { presetRoles } from './rounds/framework-presets.js'
import { roundPattern } from './rounds/log/round-log-patterns.js'
import { isRecording, readRecording } from './storage/read-recording.js'

export interface RecordOptions {
  /**
   * Folder for the recording, which must not hold one. Default: a new one in the system's temporary
   * folder.
   */
  out?: string
  /**
   * How the command's output reports rounds: a preset such as `nvflare`, or a regular expression
   * with the number as its group.
   */
  rounds?: string | RegExp
  /** Regular expression for lines that end a round, with `rounds` or alone. */
  roundsEnd?: string | RegExp
  /**
   * Names of processes, by regular expressions for their command lines. Default: those of the
   * preset.
   */
  role?: Record<string, RegExp>
  /** Samples of RSS a second. Default: 10. */
  rateHz?: number
  /** Time after which to end the command. */
  timeoutMs?: number
  /** Signal that ends the command and keeps what was recorded. */
  signal?: AbortSignal
}

/** A recording, and how its command ended. */
export type RecordedRun = Recording & { exit: ExitStatus }

/**
 * Runs a command and records the memory of all its processes, as `tidemark run` does. Its output
 * goes to this program's own. A command that fails does not throw: see `exit` and `head.state`.
 *
 * @throws UsageError when there is no such command, or the folder cannot be used
 */
export async function record(command: readonly string[], options: RecordOptions = {}): Promise<RecordedRun> {
  const { rateHz, graceMs } = defaultValues(runOptions)
  const { rounds, roundsEnd, role, timeoutMs, signal } = options
  const asked = Object.entries(role ?? {}).map(([name, pattern]) => ({ role: name, pattern }))
  signal?.throwIfAborted()
  const folder = folderFor(options.out)
  const stopping = new AbortController()
  try {
    const { exit } = await recordCommand(
      {
        command,
        folder,
        rateHz: options.rateHz ?? rateHz,
        graceMs,
        roles: role === undefined ? presetRoles(typeof rounds === 'string' ? rounds : undefined) : asked,
        askedRoles: asked.map(({ role: name, pattern }) => ({ role: name, flag: `role: { ${name}: ${pattern} }` })),
        ...((rounds !== undefined || roundsEnd !== undefined) && {
          rounds: { pattern: roundPattern(sourceOf(rounds), sourceOf(roundsEnd)), logFile: undefined, flag: 'rounds' },
        }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      },
      {
        onStart: (launched) =>
          signal?.addEventListener('abort', () => void launched.end(graceMs), { signal: stopping.signal }),
        onNote: (note) => process.stderr.write(`tidemark: ${printable(note)}\n`),
      },
    )
    return { ...readRecording(folder), exit }
  } catch (error) {
    // The caller does not get the name of a folder that was made here.
    if (options.out === undefined) rmSync(folder, { recursive: true, force: true })
    throw error
  } finally {
    stopping.abort()
  }
}

function sourceOf(pattern: string | RegExp | undefined): string | undefined {
  return pattern instanceof RegExp ? pattern.source : pattern
}

function newTemporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'tidemark-'))
  } catch (error) {
    throw new UsageError(`cannot record into ${tmpdir()}: ${messageOf(error)}`, {
      fix: 'Name a folder with out, or set TMPDIR to a folder that can be written.',
      cause: error,
    })
  }
}

function folderFor(asked: string | undefined): string {
  if (asked === undefined) return newTemporaryFolder()
  if (isRecording(asked))
    throw new UsageError(`${asked} holds a recording already`, { fix: 'Name another folder with out.' })
  return resolve(asked)
}
