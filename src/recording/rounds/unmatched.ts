import { nameProcess, type RolePattern } from '../processes/process-name.js'
import type { RecordedProcess } from '../recording.js'
import { alreadyRunning } from './already-running.js'
import type { RoundFollower } from './round-follower.js'

/** A role that the user named, with the option that named it. */
export interface NamedRole {
  role: string
  flag: string
}

/** What the user requested, to check that it occurs. */
export interface AskedFor {
  /** `--rounds X`, as the user gave it. */
  rounds?: { flag: string; follower: RoundFollower; logFile?: string | undefined }
  roles: readonly NamedRole[]
  /**
   * Roles of the framework's preset: a process of such a role that already runs takes over the job.
   */
  presetRoles?: readonly RolePattern[]
}

/** How long a program may run without a match before this is reported. */
const UNMATCHED_AFTER_MS = 30_000

/**
 * Checks after half a minute and at the end whether a line matched the pattern of rounds, a process
 * matched each role, and the log exists: a long run in vain should be noticed early.
 *
 * @param asked called only for these checks
 * @param onNote called during the run for what is missing so far
 */
export function watchUnmatched(
  asked: () => AskedFor,
  { processes, onNote }: { processes(): readonly RecordedProcess[]; onNote(note: string): void },
): { close(): string[] } {
  const afterMs = Number(process.env.TIDEMARK_UNMATCHED_AFTER_MS ?? UNMATCHED_AFTER_MS)
  const timer = setTimeout(() => {
    for (const sentence of unmatched(asked(), processes())) onNote(`so far, ${sentence}`)
  }, afterMs)
  timer.unref()
  return {
    close: () => {
      clearTimeout(timer)
      return unmatched(asked(), processes()).map((sentence) => `${sentence[0]!.toUpperCase()}${sentence.slice(1)}`)
    },
  }
}

function unmatched({ rounds, roles, presetRoles = [] }: AskedFor, processes: readonly RecordedProcess[]): string[] {
  return [
    ...(rounds === undefined ? [] : (roundsMissing(rounds) ?? [])),
    ...roles
      .filter(({ role }) => !processes.some((process) => process.role === role))
      .map((named) => roleMissing(named, processes)),
    ...alreadyRunning(presetRoles, processes),
  ]
}

function roundsMissing({ flag, follower, logFile }: NonNullable<AskedFor['rounds']>): string[] | undefined {
  const found = follower.unmatched()
  if (found === undefined) return undefined
  const where = logFile === undefined ? 'the output' : `the log ${logFile}`
  if (found.lastLines.length === 0) {
    if (logFile !== undefined)
      return [`${where} is not there, or nothing was written to it: ${flag} found no round in it.`]
    return [`${where} has no line at all: ${flag} found no round in it.`]
  }
  return [
    `no line of ${where} fits ${flag}. The last of its ${found.lines} lines:\n${indented(found.lastLines)}${tryThis(found.suggestion)}`,
  ]
}

function tryThis(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : `\n  Some of them fit --rounds '${suggestion}'.`
}

function roleMissing({ role, flag }: NamedRole, processes: readonly RecordedProcess[]): string {
  const lines = processesSeen(processes)
  const better = suggestRole(processes)
  const fix = better === undefined ? '' : `\n  The largest one fits --role '${role}=${better}'.`
  return `no process fits ${flag}. These ran, with their highest memory:\n${indented(lines)}${fix}`
}

const MOST_PROCESSES = 20

/** Returns whole command lines, the largest first, without duplicates. */
export function processesSeen(processes: readonly RecordedProcess[]): string[] {
  const largest = new Map<string, number>()
  for (const { command, peakBytes } of processes)
    largest.set(command, Math.max(largest.get(command) ?? 0, peakBytes ?? 0))
  const sorted = [...largest].sort(([, a], [, b]) => b - a)
  const lines = sorted
    .slice(0, MOST_PROCESSES)
    .map(([command, bytes]) => `${(bytes / 2 ** 20).toFixed(1).padStart(9)} MiB  ${command}`)
  return sorted.length > MOST_PROCESSES ? [...lines, `and ${sorted.length - MOST_PROCESSES} more`] : lines
}

/** Suggests a pattern for the process that holds most: the name of its program. */
export function suggestRole(processes: readonly RecordedProcess[]): string | undefined {
  const [largest] = [...processes].sort((a, b) => (b.peakBytes ?? 0) - (a.peakBytes ?? 0))
  return largest && nameProcess(largest.command.split(' '), []).name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join('\n')
}
