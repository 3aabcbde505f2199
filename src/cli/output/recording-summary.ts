import { basename } from 'node:path'
import type { TreeRound } from '../../recording/peaks/tree-rounds.js'
import { peaksByRole, type RolePeak } from '../../recording/processes/peaks-by-role.js'
import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import type { RecordedProcess, RecordingMetadata, RoundRecord } from '../../recording/recording.js'
import type { RecordingOutline } from '../../recording/storage/read-recording.js'
import type { AttributionMark } from '../../shared/marks.js'
import { printable, printableLine } from '../../shared/printable.js'
import { count, shellWord } from '../../shared/text.js'
import { formatBytes, formatDuration, mib } from '../../shared/units.js'
import { recordingVerdict } from './recording-verdict.js'
import { terminalStyle } from './terminal-style.js'

/** Columns that only --pss adds. */
const SHARED = ['PSS', 'USS']
/** Most rows in a terminal; the recording holds the rest. */
const MOST_PROCESSES = 10
const MOST_ROUNDS = 24

/**
 * Describes a recording for people: its peaks, its processes, its rounds, and what to know before
 * believing them.
 */
export function recordingSummary(recording: RecordingOutline): string {
  const { head, rounds } = recording
  const warnings = recording.warnings.filter((warning) => warning !== head.reason)
  return [
    headline(head),
    ...kernelKills(head).map(killLine),
    '',
    ...treeLines(head),
    ...recordingVerdict(recording.folder, terminalStyle(process.stderr)),
    '',
    ...processTable(head),
    ...(rounds.length === 0 ? [] : ['', ...roundTable(rounds, head)]),
    ...(recording.tree === undefined ? [] : ['', ...treeTable(recording.tree)]),
    ...(recording.attribution.length === 0 ? [] : ['', ...recording.attribution.map(partsLine)]),
    ...(warnings.length === 0 ? [] : ['', ...warnings.map((warning) => `warning: ${printable(warning)}`)]),
    '',
    `recording: ${printableLine(recording.folder)}`,
  ].join('\n')
}

/** Returns the same as plain data. */
export function recordingResult({ folder, head, rounds, tree, attribution, warnings }: RecordingOutline) {
  const peaks = peaksByRole(rounds, head).map(({ record: _, ...peak }) => peak)
  return {
    folder,
    ...head,
    rounds,
    ...(peaks.length > 0 && { peaks }),
    ...(tree !== undefined && { tree }),
    ...(attribution.length > 0 && { attribution }),
    ...(kernelKills(head).length > 0 && { kernelKills: kernelKills(head) }),
    warnings,
  }
}

/**
 * A process that the kernel killed for memory; `round` is null where no round had ended by then.
 */
interface KernelKill {
  pid: number
  role: string
  name: string
  round: number | null
  /** Last time that it was seen alive, and what it held then. */
  lastSeenMs: number
  rssBytes: number | null
}

function kernelKills({ processes }: RecordingMetadata): KernelKill[] {
  return processes.flatMap(({ pid, role, name, exit, lastSeenMs, last }) =>
    exit?.outOfMemory
      ? [{ pid, role, name, round: exit.round ?? null, lastSeenMs, rssBytes: last?.rssBytes ?? null }]
      : [],
  )
}

function killLine({ pid, role, name, round }: KernelKill): string {
  const named = role === UNNAMED_ROLE || role === name ? name : `${role} ${name}`
  const when = round === null ? '' : ` in round ${round}`
  return printableLine(`${named} (pid ${pid}) was killed by the kernel for memory${when}`)
}

function headline({ startedMs, endedMs, sampling, state, reason }: RecordingMetadata): string {
  const { samples, achievedIntervalMs, askedIntervalMs, processes, readings } = sampling
  const every =
    achievedIntervalMs === null
      ? `one every ${formatDuration(askedIntervalMs)} asked for`
      : `one every ${formatDuration(achievedIntervalMs)} (asked: ${formatDuration(askedIntervalMs)})`
  const coverage =
    processes === undefined
      ? ''
      : `; processes: ${processes.seen} seen, ${processes.vanished} ended before they could be read, ${processes.unreadable + readings.unreadable} unreadable${reasons(processes.unreadableCodes ?? {})}`
  const lasted = endedMs === null ? 'still runs' : formatDuration(endedMs - startedMs)
  const how = state === 'completed' || reason === null ? '' : `\n${reason}`
  return `recorded ${lasted}: ${count(samples, 'sample')}, ${every}${coverage}${how}`
}

/** Explains why processes could not be read: ` (38 with EMFILE: ...)`. */
function reasons(codes: Record<string, number>): string {
  const each = Object.entries(codes).map(([code, times]) => `${times} with ${code}${UNREADABLE[code] ?? ''}`)
  return each.length === 0 ? '' : ` (${printableLine(each.join(', '))})`
}

const UNREADABLE: Record<string, string> = {
  EMFILE: ', too many open files in the recorder: raise the limit with ulimit -n, each process takes two',
  ENFILE: ', too many open files on the machine',
  EACCES: ', which this user may not read',
  EPERM: ', which this user may not read',
}

function treeLines({ treePeak, cgroup, startedMs, processes }: RecordingMetadata): string[] {
  if (treePeak === undefined) return ['no sample was taken: it ended too soon']
  const { rssBytes, timeMs, processes: summed, overlapBytes } = treePeak
  const at = formatDuration(timeMs - startedMs)
  const summands = summed === 1 ? 'one process at that moment' : `${summed} processes sampled together`
  const together =
    processes.length === 1
      ? `highest sample: ${formatBytes(rssBytes)} after ${at}`
      : `peak of the tree: ${formatBytes(rssBytes)} after ${at}, ${summands} (${overlapBytes === undefined ? 'a lower bound' : 'pages that they share count once'})`
  const own =
    cgroup?.isAlone && cgroup.peakBytes !== null
      ? [
          `peak of its cgroup: ${formatBytes(cgroup.peakBytes)}, page cache ${cgroup.isOwn ? '' : 'and the recorder '}included`,
        ]
      : []
  const limit =
    cgroup?.limitBytes === undefined || cgroup.limitBytes === null
      ? []
      : [`limit of its cgroup: ${formatBytes(cgroup.limitBytes)}`]
  return [together, ...own, ...limit]
}

function processTable({ processes, startedMs }: RecordingMetadata): string[] {
  const ranked = byRole([...processes].sort((a, b) => (b.peakBytes ?? 0) - (a.peakBytes ?? 0)))
  const shown = ranked.filter((process, rank) => rank < MOST_PROCESSES || wasKilled(process))
  const hasShared = shown.some(({ shared }) => shared !== undefined)
  const rows = shown.map((process) => processOf(process, { startedMs, hasShared }))
  const parts = ['anon', 'file', 'shmem', ...(hasShared ? SHARED : []), 'threads', 'files']
  const head = ['pid', 'name', 'peak', 'kind', 'highest after', ...parts, 'ended']
  const table = alignColumns([head, ...rows], ['pid', 'peak', 'highest after', ...parts])
  const more = ranked.length - rows.length
  return [
    'processes, memory in MiB; anon, file and shmem at the highest sample; threads, open files and the exact peak at the last:',
    ...table,
    ...(hasShared
      ? ['PSS and USS at the highest PSS: pages that processes share are divided among them, or left out.']
      : []),
    ...(more > 0 ? [`and ${more} more with lower peaks`] : []),
  ]
}

function processOf(
  process: RecordedProcess,
  { startedMs, hasShared }: { startedMs: number; hasShared: boolean },
): string[] {
  const { pid, role, name, peakBytes, peakKind, highest, last, shared } = process
  const orDash = (bytes: number | null | undefined) => (bytes === null || bytes === undefined ? '-' : mib(bytes))
  return [
    String(pid),
    role === UNNAMED_ROLE || role === name ? name : `${role} ${name}`,
    orDash(peakBytes),
    peakBytes === null ? '-' : peakKind,
    highest === undefined ? '-' : formatDuration(Math.max(0, highest.timeMs - startedMs)),
    orDash(highest?.rssAnonBytes),
    orDash(highest?.rssFileBytes),
    orDash(highest?.rssShmemBytes),
    ...(hasShared ? [orDash(shared?.pssBytes), orDash(shared?.ussBytes)] : []),
    String(last?.threads ?? '-'),
    String(last?.openFiles ?? '-'),
    endingOf(process, startedMs),
  ]
}

/**
 * Groups processes by role, in the order of the highest of each; those without a role come last.
 */
function byRole(ranked: readonly RecordedProcess[]): RecordedProcess[] {
  const roles = [...new Set(ranked.map(({ role }) => role))]
  const named = [...roles.filter((role) => role !== UNNAMED_ROLE), UNNAMED_ROLE]
  return named.flatMap((role) => ranked.filter((process) => process.role === role))
}

/** Returns whether a process was killed. Such a row is never left out, however many there are. */
function wasKilled({ exit }: RecordedProcess): boolean {
  return exit !== null && exit.signal !== null
}

/**
 * Describes how a process ended. Where the kernel reported the exit to its parent first, only that
 * it has gone is known, and whether the kernel killed it.
 */
function endingOf({ exit, isGone, lastSeenMs, last }: RecordedProcess, startedMs: number): string {
  const when = `after ${formatDuration(Math.max(0, lastSeenMs - startedMs))}`
  const reading = last === undefined ? '' : `, last read at ${formatBytes(last.rssBytes)}`
  if (exit === null) return isGone ? `gone ${when}${reading}` : ''
  const inRound = exit.round === undefined ? '' : ` in round ${exit.round}`
  if (exit.outOfMemory) return `OUT OF MEMORY: killed by the kernel ${when}${inRound}${reading}`
  return exit.signal === null ? `exit code ${exit.code}` : `killed by ${exit.signal} ${when}${reading}`
}

/** Returns a table by round and named role where there are such roles, else by process. */
function roundTable(rounds: readonly RoundRecord[], head: RecordingMetadata): string[] {
  const peaks = peaksByRole(rounds, head)
  const late = new Set(rounds.flatMap(({ approximate, round }) => (approximate ? [String(round)] : [])))
  const all = peaks.length === 0 ? rounds.map(processRow) : peaks.map(roleRow)
  const shown = all
    .slice(-MOST_ROUNDS)
    .map(([round = '', ...cells]) => [late.has(round) ? `~${round}` : round, ...cells])
  const columns = ['round', peaks.length === 0 ? 'process' : 'role', 'peak', 'kind', 'end RSS', 'end anon', 'took']
  const left = all.length - shown.length
  const what = peaks.length === 0 ? 'rounds' : 'rounds by role'
  return [
    `${what}, memory in MiB${left > 0 ? `; the last ${shown.length} of ${all.length} rows` : ''}:`,
    ...alignColumns([columns, ...shown], ['round', 'peak', 'end RSS', 'end anon', 'took']),
  ]
}

/** Returns a table of the memory that the cgroup of all processes held. */
function treeTable(rounds: readonly TreeRound[]): string[] {
  const shown = rounds.slice(-MOST_ROUNDS)
  const left = rounds.length - shown.length
  const orDash = (bytes: number | null) => (bytes === null ? '-' : mib(bytes))
  const rows = shown.map(({ round, peakBytes, peakKind, anonBytes, cacheBytes, startedMs, timeMs, events }) => [
    String(round),
    mib(peakBytes),
    peakKind,
    orDash(anonBytes),
    orDash(cacheBytes),
    String(events.oomKills ?? '-'),
    formatDuration(timeMs - startedMs),
  ])
  const columns = ['round', 'peak', 'kind', 'end anon', 'end page cache', 'OOM kills', 'took']
  return [
    `rounds of the whole tree by its cgroup, memory in MiB, page cache counts in the peak${left > 0 ? `; the last ${shown.length} of ${rounds.length}` : ''}:`,
    ...alignColumns([columns, ...rows], columns),
  ]
}

function processRow(round: RoundRecord): string[] {
  const name = round.role === UNNAMED_ROLE || round.role === round.name ? round.name : `${round.role} ${round.name}`
  return roundRow(round, name, round)
}

function roleRow(peak: RolePeak): string[] {
  const { role, processes } = peak
  return roundRow(peak, processes === 1 ? role : `${role}, highest of ${processes}`, peak.record)
}

function roundRow(
  {
    round,
    peakBytes,
    peakKind,
    startedMs,
    endedMs,
  }: Pick<RolePeak, 'round' | 'peakBytes' | 'peakKind' | 'startedMs' | 'endedMs'>,
  name: string,
  alive: RoundRecord | null,
): string[] {
  return [
    String(round),
    name,
    peakBytes === null ? '-' : mib(peakBytes),
    peakBytes === null ? '-' : peakKind,
    alive === null ? '-' : mib(alive.end.rssBytes),
    alive === null ? '-' : mib(alive.end.rssAnonBytes),
    formatDuration(endedMs - startedMs),
  ]
}

/** Describes what the RSS of a process consists of, as a probe measured it. */
function partsLine({ pid, role, round, rssBytes, retainedBytes, garbageBytes, liveBytes }: AttributionMark): string {
  const when = round === undefined ? 'when the work was done' : `after round ${round}`
  const rest =
    garbageBytes === null
      ? `${formatBytes(liveBytes)} live or garbage`
      : `${formatBytes(garbageBytes)} garbage, ${formatBytes(liveBytes)} live`
  return `of the ${formatBytes(rssBytes)} of the ${role} (pid ${pid}) ${when}: ${formatBytes(retainedBytes)} retained by the allocator, ${rest}`
}

/**
 * Lays out columns two blanks apart, the named ones aligned right. The last column is not padded.
 */
function alignColumns(given: readonly string[][], right: readonly string[]): string[] {
  const rows = given.map((row) => row.map(printableLine))
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(head[column]!) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
}

/**
 * Suggests how to look at the recording next. An index works for recordings named by their time in
 * the current folder.
 */
export function nextStep(folder: string): string {
  return /^tidemark-\d{14}$/.test(basename(folder))
    ? 'tidemark plot draws it.'
    : `tidemark plot ${shellWord(folder)} draws it.`
}
