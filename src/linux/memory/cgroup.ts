import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failedReading, type Pid, PROC, readProcFile } from '../files/proc-file.js'

/** The memory cgroup of a process. Each value is null where the kernel does not report it. */
export interface CgroupMemory {
  version: 1 | 2
  /** Folder of its files, for example `/sys/fs/cgroup/system.slice/docker-1.scope`. */
  folder: string
  /**
   * The lowest limit of the cgroup and all above it, since a parent's limit binds as well; null
   * when there is none.
   */
  limitBytes: number | null
  /**
   * Memory charged now: processes, their page cache, kernel memory. It is not the sum of their RSS.
   */
  currentBytes: number | null
  /**
   * The highest `currentBytes` since the cgroup was created: `memory.peak` (v2, Linux 5.19) or
   * `memory.max_usage_in_bytes` (v1).
   */
  peakBytes: number | null
  /** Processes in it that the out-of-memory killer has ended so far. */
  oomKills: number | null
  /** Pids in this very cgroup, without its children. */
  pids: number[] | null
}

/** File names of the two versions for the same values. */
const FILES = {
  1: { limit: 'memory.limit_in_bytes', current: 'memory.usage_in_bytes', peak: 'memory.max_usage_in_bytes' },
  2: { limit: 'memory.max', current: 'memory.current', peak: 'memory.peak' },
} as const
const EVENT_FILES = { 1: 'memory.oom_control', 2: 'memory.events' } as const

/**
 * Limit from which a cgroup counts as unlimited. Version 1 reports "no limit" as the largest
 * multiple of a page below 2^63; no real limit comes near.
 */
const UNLIMITED_BYTES = 2 ** 60

/** Reads the memory cgroup that holds a process; null where there is none, as on other systems. */
export function readCgroupMemory(pid: Pid, proc = PROC): CgroupMemory | null {
  const place = findCgroup(pid, proc)
  return place === undefined ? null : readCgroupMemoryAt(place)
}

/** Reads the memory of a cgroup that was found before. */
export function readCgroupMemoryAt(place: CgroupPlace): CgroupMemory {
  const { version, folder } = place
  return {
    version,
    folder,
    limitBytes: lowestLimit(place)?.bytes ?? null,
    currentBytes: readBytes(join(folder, FILES[version].current)),
    peakBytes: readBytes(join(folder, FILES[version].peak)),
    oomKills: readOomKills(join(folder, EVENT_FILES[version])),
    pids: readPids(folder),
  }
}

/** Reads the present `currentBytes` of a cgroup. */
export function readCgroupUsage({ version, folder }: Pick<CgroupMemory, 'version' | 'folder'>): number | null {
  return readBytes(join(folder, FILES[version].current))
}

/** Reads the present `peakBytes` of a cgroup that was read before. */
export function readCgroupPeak({ version, folder }: Pick<CgroupMemory, 'version' | 'folder'>): number | null {
  return readBytes(join(folder, FILES[version].peak))
}

export interface CgroupPlace {
  version: 1 | 2
  mountPoint: string
  /**
   * Folder of the cgroup, or the mount point where the cgroup is outside of what is mounted, as in
   * some containers.
   */
  folder: string
}

/**
 * Finds the memory cgroup of a process. Version 1 has a line of its own for memory and wins where
 * both are mounted: memory then belongs to it.
 *
 * @returns undefined where there is none, or where it cannot be seen from here, as that of another
 *   container
 */
export function findCgroup(pid: Pid, proc = PROC): CgroupPlace | undefined {
  const own = pathOf(pid, proc)
  const mounts = readProcFile('self', 'mountinfo', proc)
  if (own === undefined || mounts.kind !== 'read') return undefined
  const found = mountedAt(mounts.text, own)
  if (found === undefined || found.isSeen) return found?.place
  // What is mounted is the cgroup of this process, whatever its path is called.
  const isOurs = pid === 'self' || pathOf('self', proc)?.path === own.path
  return isOurs ? found.place : undefined
}

/** The memory cgroup of a process as its path in the hierarchy. */
interface CgroupPath {
  version: 1 | 2
  path: string
}

function pathOf(pid: Pid, proc: string): CgroupPath | undefined {
  const lines = readProcFile(pid, 'cgroup', proc)
  if (lines.kind !== 'read') return undefined
  const groups = lines.text.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
  const v1 = groups.find((match) => match?.[1]?.split(',').includes('memory'))?.[2]
  if (v1 !== undefined) return { version: 1, path: v1 }
  const v2 = groups.find((match) => match?.[1] === '')?.[2]
  return v2 === undefined ? undefined : { version: 2, path: v2 }
}

/**
 * Finds where a cgroup is mounted. A line of mountinfo is `id parent dev root mountPoint options...
 * - type source superOptions` (proc_pid_mountinfo(5)).
 */
function mountedAt(mountinfo: string, group: CgroupPath): { place: CgroupPlace; isSeen: boolean } | undefined {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , superOptions = ''] = after.split(' ')
    const isIt =
      group.version === 1 ? type === 'cgroup' && superOptions.split(',').includes('memory') : type === 'cgroup2'
    if (!isIt) continue
    const [, , , root = '/', mountPoint = '/'] = before.split(' ')
    const path = below(root, group.path)
    return {
      place: { version: group.version, mountPoint, folder: join(mountPoint, path ?? '/') },
      isSeen: path !== undefined,
    }
  }
  return undefined
}

/**
 * Returns the cgroup's path under the mount: a container often sees its own cgroup as the root of
 * the mount. Returns undefined for a cgroup outside of it.
 */
function below(root: string, path: string): string | undefined {
  if (root === '/') return path.startsWith('/..') ? undefined : path
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : undefined
}

/** A limit of memory, and the folder of the cgroup that has it. */
export interface CgroupLimit {
  version: 1 | 2
  folder: string
  bytes: number
}

/**
 * Returns the lowest limit of a cgroup and all above it; null where there is none. Of equal ones it
 * is the outermost, in which most counts.
 */
export function lowestLimit({ version, mountPoint, folder }: CgroupPlace): CgroupLimit | null {
  let lowest: CgroupLimit | null = null
  for (let at = folder; at.length >= mountPoint.length; at = join(at, '..')) {
    const bytes = readBytes(join(at, FILES[version].limit))
    if (bytes !== null && bytes < UNLIMITED_BYTES && bytes <= (lowest?.bytes ?? bytes))
      lowest = { version, folder: at, bytes }
    if (at === mountPoint) break
  }
  return lowest
}

/** Reads `oom_kill N`, which is the same in the file of either version. */
function readOomKills(path: string): number | null {
  const count = /^oom_kill (\d+)$/m.exec(readText(path) ?? '')?.[1]
  return count === undefined ? null : Number(count)
}

function readPids(folder: string): number[] | null {
  const text = readText(join(folder, 'cgroup.procs'))
  return text === null ? null : text.split('\n').filter(Boolean).map(Number)
}

/** Reads a number; `max` and any other text give null. */
function readBytes(path: string): number | null {
  const text = readText(path)?.trim()
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; a missing or unreadable file is null
    return null
  }
}
