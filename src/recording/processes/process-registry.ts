import { loadedAllocator } from '../../linux/memory/allocator-maps.js'
import { readCommandLine } from '../../linux/process/command-line.js'
import { readInnerPid } from '../../linux/process/inner-pid.js'
import { readProcessStatus } from '../../linux/process/process-status.js'
import type { Mark } from '../../shared/marks.js'
import { outerPidAmong } from '../marks/outer-pid.js'
import type { RecordedProcess } from '../recording.js'
import type { SampledProcess } from '../sampling/sampler-protocol.js'
import type { LiveProcess } from './observer.js'
import { nameProcess, type RolePattern, roleOfParent } from './process-name.js'

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

/** All processes of a recording, the living and those that have ended. A pid that comes twice is two processes. */
export class ProcessRegistry {
  readonly #patterns: readonly RolePattern[]
  readonly #all = new Map<string, RecordedProcess>()
  /** The latest process of each pid. */
  readonly #live = new Map<number, RecordedProcess>()
  /** Named by whoever added it; patterns do not rename it. */
  readonly #named = new Set<RecordedProcess>()
  /** Roles that processes have because of what they have started. */
  readonly #rolesOfParents = new Map<RecordedProcess, string>()
  /** The command line of each as the sampling thread last told it. */
  readonly #sampledCommands = new Map<RecordedProcess, string>()
  /** The command lines that it had before. */
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

  /** The records of those that run. */
  running(): RecordedProcess[] {
    return [...this.#live.values()]
  }

  add({ isNamedByCommand, ...process }: NewProcess): void {
    // The sampling thread may already have found it, and it may be over before that thread gets to it.
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

  exited(pid: number, exit: NonNullable<RecordedProcess['exit']>): void {
    const process = this.#live.get(pid) ?? this.all().findLast((candidate) => candidate.pid === pid)
    if (process !== undefined) process.exit = exit
    this.#live.delete(pid)
  }

  /** Names those that the out-of-memory killer ended: of processes that are not our children nobody else tells. */
  killedByKernel(victimsAmong: (pids: number[]) => number[]): void {
    const ended = this.all().filter(
      (process) =>
        this.#live.get(process.pid) !== process && (process.exit === null || process.exit.signal === 'SIGKILL'),
    )
    const victims = new Set(victimsAmong(ended.map(({ pid }) => pid)))
    for (const process of ended)
      if (victims.has(process.pid)) process.exit = { code: null, signal: 'SIGKILL', outOfMemory: true }
  }

  /** What the sampling thread has learnt of a process; `isLast` when nothing more comes of it. */
  merge(sampled: SampledProcess, { isGone, isLast = isGone }: { isGone: boolean; isLast?: boolean }): RecordedProcess {
    const { pid, startTicks, parentPid, firstSeenMs, lastSeenMs, peakBytes, highest, last } = sampled
    const known = this.#all.get(keyOf(sampled))
    const process =
      known ??
      this.#put({
        pid,
        startTicks,
        parentPid,
        role: 'process',
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
    this.#renameAsSampled(process, sampled.command)
    this.#nameParentOf(process)
    // A fork is found when it is on its own, perhaps after what it has started.
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

  /** What a process is may only show when it has started another one. */
  #nameParentOf({ parentPid, command }: RecordedProcess): void {
    const parent = parentPid === null ? undefined : this.#live.get(parentPid)
    if (parent === undefined || this.#named.has(parent)) return
    const role = roleOfParent(parent.command, command, this.#patterns)
    if (role === undefined) return
    parent.role = role
    this.#rolesOfParents.set(parent, role)
  }

  /** Looks whether one has become another program or has changed its title since it was named. */
  renameLive(): void {
    if (this.#patterns.length === 0) return
    for (const process of this.#live.values()) {
      const command = this.#named.has(process) ? null : readCommandLine(process.pid)
      if (command !== null && command.length > 0) this.#rename(process, command)
    }
  }

  /** Only what is new to the sampling thread is news: it may look less often than `renameLive`. */
  #renameAsSampled(process: RecordedProcess, command: readonly string[]): void {
    const line = command.join(' ')
    if (this.#sampledCommands.get(process) === line) return
    this.#sampledCommands.set(process, line)
    // What it was called before, and is known not to be any more, was sampled before that was seen.
    if (this.#formerCommands.get(process)?.has(line) !== true) this.#rename(process, command)
  }

  /** A title that no pattern fits takes no role away: it is the same process still. */
  #rename(process: RecordedProcess, command: readonly string[]): void {
    const line = command.join(' ')
    if (this.#named.has(process) || line === process.command) return
    const { role, name } = nameProcess(command, this.#patterns)
    const former = this.#formerCommands.get(process) ?? new Set()
    this.#formerCommands.set(process, former.add(process.command))
    process.command = line
    process.name = name
    process.role = this.#rolesOfParents.get(process) ?? (role === 'process' ? process.role : role)
  }

  /** A role's own word counts for more than what is seen from outside. */
  onMark(mark: Mark): void {
    const process = this.#live.get(mark.pid)
    if (process === undefined) return
    if (mark.mark === 'start') process.allocator = mark.allocator
    if ((mark.mark === 'round' || mark.mark === 'peak') && mark.peakBytes !== null)
      this.sawPeak(mark.pid, mark.peakBytes)
  }

  /** Of processes that were too young for it when they were found. */
  lookUpAllocators(): void {
    for (const process of this.#live.values()) if (process.allocator === null) lookUpAllocator(process)
  }

  /** A mark of the kernel's that somebody else than the sampling thread has read. */
  sawPeak(pid: number, peakBytes: number): void {
    const process = this.#live.get(pid)
    if (process === undefined) return
    process.peakBytes = Math.max(process.peakBytes ?? 0, peakBytes)
    lookUpAllocator(process)
  }

  /**
   * The process that a mark means: a program in a container writes the pid that it has there.
   *
   * @returns the pid itself where no process, or more than one, goes by it inside
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

/** Again as long as nothing was found: a process that has just been started has mapped nothing but the loader yet. */
function lookUpAllocator(process: RecordedProcess): void {
  if (process.allocator === null || process.allocator === 'unknown')
    process.allocator = loadedAllocator(process.pid) ?? process.allocator
}

/** A sample above the peak that was read before it: the peak is higher than anybody read, and the sample a lower bound. */
function takeTopSample(process: RecordedProcess, { aboveBytes }: SampledProcess): void {
  if (aboveBytes === null || aboveBytes <= (process.peakBytes ?? 0)) return
  process.peakBytes = aboveBytes
  process.peakKind = 'sampled'
}

function keyOf({ pid, startTicks }: { pid: number; startTicks: number }): string {
  return `${pid}/${startTicks}`
}
