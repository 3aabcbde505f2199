import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failedReading, type Pid, PROC, readProcFile } from '../files/proc-file.js'

/** The memory cgroup of a process. Each value is null where the kernel does not tell it. */
export interface CgroupMemory {
  version: 1 | 2
  /** Where its files are, for example `/sys/fs/cgroup/system.slice/docker-1.scope`. */
  folder: string
  /** The lowest limit of the cgroup and all above it, since a parent's limit binds as well; null when there is none. */
  limitBytes: number | null
  /** Memory charged now: processes, their page cache, kernel memory. Not the sum of their RSS. */
  currentBytes: number | null
  /** The highest of that since the cgroup was made: `memory.peak` (v2, Linux 5.19) or `memory.max_usage_in_bytes` (v1). */
  peakBytes: number | null
  /** Processes that the out-of-memory killer ended in it so far. */
  oomKills: number | null
  /** Pids in this very cgroup. */
  pids: number[] | null
}

/** How the two versions name the same things. */
const FILES = {
  1: { limit: 'memory.limit_in_bytes', current: 'memory.usage_in_bytes', peak: 'memory.max_usage_in_bytes' },
  2: { limit: 'memory.max', current: 'memory.current', peak: 'memory.peak' },
} as const
const EVENT_FILES = { 1: 'memory.oom_control', 2: 'memory.events' } as const

/** "No limit" of version 1 is the largest multiple of a page below 2^63; nothing real comes near. */
const UNLIMITED_BYTES = 2 ** 60

/** The memory cgroup that holds a process; null where there is none, as on other systems. */
export function readCgroupMemory(pid: Pid, proc = PROC): CgroupMemory | null {
  const place = findCgroup(pid, proc)
  return place === undefined ? null : readCgroupMemoryAt(place)
}

/** The memory of a cgroup that was found before. */
export function readCgroupMemoryAt(place: CgroupPlace): CgroupMemory {
  const { version, folder } = place
  return {
    version,
    folder,
    limitBytes: lowestLimit(place),
    currentBytes: readBytes(join(folder, FILES[version].current)),
    peakBytes: readBytes(join(folder, FILES[version].peak)),
    oomKills: readOomKills(join(folder, EVENT_FILES[version])),
    pids: readPids(folder),
  }
}

/** `peakBytes` anew, of a cgroup that was read before. */
export function readCgroupPeak({ version, folder }: Pick<CgroupMemory, 'version' | 'folder'>): number | null {
  return readBytes(join(folder, FILES[version].peak))
}

export interface CgroupPlace {
  version: 1 | 2
  mountPoint: string
  /** The cgroup's folder, or the mount point where the cgroup lies outside of what is mounted, as in some containers. */
  folder: string
}

/** Version 1 has a line of its own for memory and wins where both are mounted: memory then belongs to it. */
export function findCgroup(pid: Pid, proc = PROC): CgroupPlace | undefined {
  const lines = readProcFile(pid, 'cgroup', proc)
  const mounts = readProcFile('self', 'mountinfo', proc)
  if (lines.kind !== 'read' || mounts.kind !== 'read') return undefined
  const groups = lines.text.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
  const v1 = groups.find((match) => match?.[1]?.split(',').includes('memory'))?.[2]
  const v2 = groups.find((match) => match?.[1] === '')?.[2]
  if (v1 !== undefined) return mountedAt(mounts.text, { version: 1, path: v1 })
  return v2 === undefined ? undefined : mountedAt(mounts.text, { version: 2, path: v2 })
}

/** A line of mountinfo: `id parent dev root mountPoint options... - type source superOptions` (proc_pid_mountinfo(5)). */
function mountedAt(mountinfo: string, group: { version: 1 | 2; path: string }): CgroupPlace | undefined {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , superOptions = ''] = after.split(' ')
    const isIt =
      group.version === 1 ? type === 'cgroup' && superOptions.split(',').includes('memory') : type === 'cgroup2'
    if (!isIt) continue
    const [, , , root = '/', mountPoint = '/'] = before.split(' ')
    return { version: group.version, mountPoint, folder: join(mountPoint, below(root, group.path)) }
  }
  return undefined
}

/** The cgroup's path under what is mounted: a container often sees its own cgroup as the root of the mount. */
function below(root: string, path: string): string {
  if (root === '/') return path.startsWith('/..') ? '/' : path
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '/'
}

function lowestLimit({ version, mountPoint, folder }: CgroupPlace): number | null {
  let lowest: number | null = null
  for (let at = folder; at.length >= mountPoint.length; at = join(at, '..')) {
    const limit = readBytes(join(at, FILES[version].limit))
    if (limit !== null && limit < UNLIMITED_BYTES) lowest = Math.min(lowest ?? limit, limit)
    if (at === mountPoint) break
  }
  return lowest
}

/** `oom_kill N` in either version's file. */
function readOomKills(path: string): number | null {
  const count = /^oom_kill (\d+)$/m.exec(readText(path) ?? '')?.[1]
  return count === undefined ? null : Number(count)
}

function readPids(folder: string): number[] | null {
  const text = readText(join(folder, 'cgroup.procs'))
  return text === null ? null : text.split('\n').filter(Boolean).map(Number)
}

/** `max` and what is no number are null. */
function readBytes(path: string): number | null {
  const text = readText(path)?.trim()
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    failedReading(error) // throws what is no failed system call; a file that is missing or closed to us is null
    return null
  }
}
