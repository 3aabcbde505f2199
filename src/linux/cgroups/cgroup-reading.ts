import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failedReading } from '../files/proc-file.js'
import type { CgroupPlace } from '../memory/cgroup.js'

/**
 * What a cgroup holds now, and the events that it counts. Each value is null where the kernel does
 * not report it.
 */
export interface CgroupReading {
  /** Anonymous memory of its processes. */
  anonBytes: number | null
  /** Page cache, including tmpfs and shared memory. The kernel drops most of it before it kills. */
  cacheBytes: number | null
  pressure: MemoryPressure | null
  /**
   * Allocations that met the limit, and processes that the kernel killed, since the cgroup was
   * created.
   */
  events: { limitHits: number | null; oomKills: number | null }
}

/**
 * Time that tasks waited for memory, in microseconds since the cgroup was created, or since boot
 * for the machine.
 */
export interface MemoryPressure {
  of: 'cgroup' | 'machine'
  someUs: number
  fullUs: number | null
}

export function readCgroup({ version, folder }: CgroupPlace): CgroupReading {
  const stat = readText(join(folder, 'memory.stat')) ?? ''
  const [anon, cache] = version === 1 ? ['total_rss', 'total_cache'] : ['anon', 'file']
  return {
    anonBytes: lineValue(stat, anon!),
    cacheBytes: lineValue(stat, cache!),
    pressure: readPressure(folder),
    events: version === 1 ? eventsOfVersion1(folder) : eventsOfVersion2(folder),
  }
}

/** Reads the pressure of the cgroup, or that of the machine where the cgroup has none. */
function readPressure(folder: string): MemoryPressure | null {
  for (const [of, file] of [
    ['cgroup', join(folder, 'memory.pressure')],
    ['machine', '/proc/pressure/memory'],
  ] as const) {
    const text = readText(file)
    const someUs = text === undefined ? undefined : /^some .*total=(\d+)$/m.exec(text)?.[1]
    if (someUs === undefined) continue
    const fullUs = /^full .*total=(\d+)$/m.exec(text!)?.[1]
    return { of, someUs: Number(someUs), fullUs: fullUs === undefined ? null : Number(fullUs) }
  }
  return null
}

function eventsOfVersion1(folder: string): CgroupReading['events'] {
  const failures = readText(join(folder, 'memory.failcnt'))?.trim()
  return {
    limitHits: failures !== undefined && /^\d+$/.test(failures) ? Number(failures) : null,
    oomKills: lineValue(readText(join(folder, 'memory.oom_control')) ?? '', 'oom_kill'),
  }
}

function eventsOfVersion2(folder: string): CgroupReading['events'] {
  const events = readText(join(folder, 'memory.events')) ?? ''
  return { limitHits: lineValue(events, 'max'), oomKills: lineValue(events, 'oom_kill') }
}

/** Reads a value from its line, `name value`. */
export function lineValue(text: string, name: string): number | null {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]
  return value === undefined ? null : Number(value)
}

/** Reads a file of a cgroup; undefined where it is missing or cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; a missing or unreadable file has no values
    return undefined
  }
}
