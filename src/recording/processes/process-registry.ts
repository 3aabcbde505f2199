import { loadedAllocator } from '../../linux/memory/allocator-maps.js'
import { readCommandLine } from '../../linux/process/command-line.js'
import { readInnerPid } from '../../linux/process/inner-pid.js'
import { readProcessStatus } from '../../linux/process/process-status.js'
import type { Mark } from '../../shared/marks.js'
import { outerPidAmong } from '../marks/outer-pid.js'
import type { ProcessExit, RecordedProcess } from '../recording.js'
import type { SampledProcess } from '../sampling/sampler-protocol.js'
import type { LiveProcess } from './observer.js'
import { nameProcess, type RolePattern, roleOfParent, UNNAMED_ROLE } from './process-name.js'

export interface NewProcess {
  pid: number
  startTicks: number
  parentPid: number | null
  role: string
  name: string
  command: readonly string[]
  isNamedByCommand: boolean
  firstSeenMs: number
}

/**
 * All processes of a recording, running and ended. A pid that is reused counts as two processes.
 */
export class ProcessRegistry {
  readonly #patterns: readonly RolePattern[]
  readonly #all = new Map<string, RecordedProcess>()
  /** The latest process of each pid. */
  readonly #live = new Map<number, RecordedProcess>()
  /** Processes named by the caller of `add` or by their first mark; patterns do not rename them. */
  readonly #named = new Set<RecordedProcess>()
  /** Roles that processes have because of the children they started. */
  readonly #rolesOfParents = new Map<RecordedProcess, string>()
  /** The command line of each process as the sampling thread last reported it. */
  readonly #sampledCommands = new Map<RecordedProcess, string>()
  /** Earlier command lines of each process. */
  readonly #formerCommands = new Map<RecordedProcess, Set<string>>()

  constructor(patterns: readonly RolePattern[]) {
    this.#patterns = patterns
  }

  all(): RecordedProcess[] {
    return [...this.#all.values()]
  }

  live(): LiveProcess[] {
    return this.running()
  }

  /** Returns the records of the running processes. */
  running(): RecordedProcess[] {
    return [...this.#live.values()]
  }

  add({ isNamedByCommand, ...process }: NewProcess): void {
    // The sampling thread may have found it already, or the process may end before that thread
    // reads it.
    const status = readProcessStatus(process.pid)
    const recorded: RecordedProcess = {
      lastSeenMs: process.firstSeenMs,
      allocator: loadedAllocator(process.pid),
      peakBytes: status.kind === 'read' ? status.peakBytes : null,
      peakKind: 'exact',
      exit: null,
      ...this.#all.get(keyOf(process)),
      ...process,
      command: process.command.join(' '),
    }
    this.#put(recorded)
    if (!isNamedByCommand) this.#named.add(recorded)
    this.#nameParentOf(recorded)
  }

  exited(pid: number, exit: ProcessExit): void {
    const process = this.#live.get(pid) ?? this.all().findLast((candidate) => candidate.pid === pid)
    if (process !== undefined) process.exit = exit
    this.#live.delete(pid)
  }

  /**
   * Marks the processes that the out-of-memory killer ended. Nothing else reports this for
   * processes that are not our children.
   */
  killedByKernel(victimsAmong: (pids: number[]) => number[], roundOf: (pid: number) => number | undefined): void {
    const ended = this.all().filter(
      (process) =>
        this.#live.get(process.pid) !== process && (process.exit === null || process.exit.signal === 'SIGKILL'),
    )
    const victims = new Set(victimsAmong(ended.map(({ pid }) => pid)))
    for (const process of ended) {
      if (!victims.has(process.pid) && process.exit?.outOfMemory !== true) continue
      const round = roundOf(process.pid)
      process.exit = { code: null, signal: 'SIGKILL', outOfMemory: true, ...(round !== undefined && { round }) }
    }
  }

  /**
   * Takes over what the sampling thread learned about a process; `isLast` means that nothing more
   * follows.
   */
  merge(sampled: SampledProcess, { isGone, isLast = isGone }: { isGone: boolean; isLast?: boolean }): RecordedProcess {
    const { pid, startTicks, parentPid, firstSeenMs, lastSeenMs, peakBytes, highest, last } = sampled
    const known = this.#all.get(keyOf(sampled))
    const process =
      known ??
      this.#put({
        pid,
        startTicks,
        parentPid,
        role: UNNAMED_ROLE,
        name: '?',
        command: '',
        firstSeenMs,
        lastSeenMs,
        allocator: null,
        peakBytes: null,
        peakKind: 'exact',
        exit: null,
      })
    process.lastSeenMs = Math.max(process.lastSeenMs, lastSeenMs)
    if (peakBytes !== null) process.peakBytes = Math.max(process.peakBytes ?? 0, peakBytes)
    if (sampled.isReplaced) Object.assign(process, { isReplaced: true, peakKind: 'sampled' })
    if (sampled.hugetlbBytes > 0) process.hugetlbBytes = sampled.hugetlbBytes
    if (isLast) takeTopSample(process, sampled)
    if (highest !== null) process.highest = highest
    if (last !== null) process.last = last
    if (sampled.overlap !== undefined) process.overlap = sampled.overlap
    this.#renameAsSampled(process, sampled)
    this.#nameParentOf(process)
    // A fork is reported once it is a worker, perhaps after its own children.
    if (known === undefined)
      for (const child of this.#live.values()) if (child.parentPid === pid) this.#nameParentOf(child)
    if (!isGone) {
      lookUpAllocator(process)
      return process
    }
    process.isGone = true
    if (sampled.exit !== null) process.exit ??= sampled.exit
    if (this.#live.get(pid) === process) this.#live.delete(pid)
    return process
  }

  /** Names the parent of a process: some roles show only once a child was started. */
  #nameParentOf({ parentPid, command }: RecordedProcess): void {
    const parent = parentPid === null ? undefined : this.#live.get(parentPid)
    if (parent === undefined || this.#named.has(parent)) return
    const role = roleOfParent(parent.command, command, this.#patterns)
    if (role === undefined) return
    parent.role = role
    this.#rolesOfParents.set(parent, role)
  }

  /**
   * Renames running processes that have become another program or changed their title since they
   * were named.
   */
  renameLive(): void {
    if (this.#patterns.length === 0) return
    for (const process of this.#live.values()) {
      const command = this.#named.has(process) ? null : readCommandLine(process.pid)
      if (command !== null && command.length > 0) this.#rename(process, command)
    }
  }

  /** Renames only on lines new to the sampling thread: it may look less often than `renameLive`. */
  #renameAsSampled(process: RecordedProcess, { command, name }: SampledProcess): void {
    if (command.length === 0) {
      // Keep a command line that is known: a process in the midst of its exit has none.
      if (process.command === '' && name !== '') this.#rename(process, [name])
      return
    }
    const line = command.join(' ')
    if (this.#sampledCommands.get(process) === line) return
    this.#sampledCommands.set(process, line)
    // A former command line was sampled before the change was seen, so it is out of date.
    if (this.#formerCommands.get(process)?.has(line) !== true) this.#rename(process, command)
  }

  /**
   * Renames a process. A title that matches no pattern keeps the role, because it is still the same
   * process.
   */
  #rename(process: RecordedProcess, command: readonly string[]): void {
    const line = command.join(' ')
    if (this.#named.has(process) || line === process.command) return
    const { role, name } = nameProcess(command, this.#patterns)
    const former = this.#formerCommands.get(process) ?? new Set()
    this.#formerCommands.set(process, former.add(process.command))
    process.command = line
    process.name = name
    process.role = this.#rolesOfParents.get(process) ?? (role === UNNAMED_ROLE ? process.role : role)
  }

  /** Gives a process the role and the name that its first mark with a role reports. */
  namedByMark({ pid, role, name }: { pid?: number | undefined; role?: string | undefined; name?: string | undefined }) {
    const process = pid === undefined ? undefined : this.#live.get(pid)
    if (process === undefined || role === undefined || role === UNNAMED_ROLE || this.#named.has(process)) return
    process.role = role
    process.name = name ?? process.name
    this.#named.add(process)
  }

  /** Applies a mark: what a role reports itself overrides what is seen from outside. */
  onMark(mark: Mark): void {
    const process = this.#live.get(mark.pid)
    if (process === undefined) return
    if ('role' in mark) this.namedByMark(mark)
    if (mark.mark === 'start') process.allocator = mark.allocator
    if ((mark.mark === 'round' || mark.mark === 'peak') && mark.peakBytes !== null)
      this.sawPeak(mark.pid, mark.peakBytes)
  }

  /** Looks up allocators of processes that were too young when they were found. */
  lookUpAllocators(): void {
    for (const process of this.#live.values()) if (process.allocator === null) lookUpAllocator(process)
  }

  /** Takes in a kernel peak that something other than the sampling thread has read. */
  sawPeak(pid: number, peakBytes: number): void {
    const process = this.#live.get(pid)
    if (process === undefined) return
    process.peakBytes = Math.max(process.peakBytes ?? 0, peakBytes)
    lookUpAllocator(process)
  }

  /**
   * Returns the pid outside of the process that a mark means: a program in a container writes the
   * pid that it has inside.
   *
   * @returns the pid itself if no process, or more than one, has it inside
   */
  outerPid(pid: number): number {
    return this.#live.has(pid) ? pid : outerPidAmong([...this.#live.values()], pid)
  }

  #put(process: RecordedProcess): RecordedProcess {
    const innerPid = readInnerPid(process.pid)
    if (innerPid !== null) process.innerPid = innerPid
    this.#all.set(keyOf(process), process)
    this.#live.set(process.pid, process)
    return process
  }
}

/**
 * Retries until an allocator is found: a process that has just started has mapped only the loader.
 */
function lookUpAllocator(process: RecordedProcess): void {
  if (process.allocator === null || process.allocator === 'unknown')
    process.allocator = loadedAllocator(process.pid) ?? process.allocator
}

/**
 * Takes a sample above the last peak that was read: the true peak is higher than any reading, and
 * the sample is a lower bound.
 */
function takeTopSample(process: RecordedProcess, { aboveBytes }: SampledProcess): void {
  if (aboveBytes === null || aboveBytes <= (process.peakBytes ?? 0)) return
  process.peakBytes = aboveBytes
  process.peakKind = 'sampled'
}

function keyOf({ pid, startTicks }: { pid: number; startTicks: number }): string {
  return `${pid}/${startTicks}`
}
