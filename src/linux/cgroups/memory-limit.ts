import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { failedReading, PROC } from '../files/proc-file.js'
import { type CgroupLimit, type CgroupPlace, lowestLimit, readCgroupUsage } from '../memory/cgroup.js'

/** The limit at which the kernel kills a process for memory, and how much of it is used now. */
export interface MemoryLimit {
  of: 'cgroup' | 'machine'
  bytes: number
  /**
   * What counts against it and cannot be reclaimed, of all processes that share the limit; null
   * where it cannot be read.
   */
  usedBytes: number | null
}

/**
 * Finds the limit of a process in this cgroup, the lowest on the way up; null where the memory of
 * the machine is less.
 */
export function findLimit(place: CgroupPlace | undefined): CgroupLimit | null {
  const limit = place === undefined ? null : lowestLimit(place)
  return limit === null || limit.bytes >= totalmem() ? null : limit
}

/**
 * Reads a limit that was found before; null stands for that of the machine. Files in `tmpfs` cannot
 * be reclaimed; the kernel lists them with anonymous memory, so that they count here.
 */
export function readLimit(limit: CgroupLimit | null): MemoryLimit {
  if (limit === null) return { of: 'machine', bytes: totalmem(), usedBytes: usedOfMachine() }
  const usage = readCgroupUsage(limit)
  const stat = readText(join(limit.folder, 'memory.stat')) ?? ''
  const ofAll = limit.version === 1 ? 'total_' : ''
  const [inactive, active] = ['inactive_file', 'active_file'].map((name) => numberIn(stat, `${ofAll}${name} `))
  const usedBytes = usage === null || inactive == null || active == null ? null : usage - inactive - active
  return { of: 'cgroup', bytes: limit.bytes, usedBytes }
}

function usedOfMachine(): number | null {
  const text = readText(join(PROC, 'meminfo')) ?? ''
  const available = numberIn(text, 'MemAvailable: +')
  return available === null ? null : totalmem() - available * 1024
}

function numberIn(text: string, name: string): number | null {
  const value = new RegExp(`^${name}(\\d+)`, 'm').exec(text)?.[1]
  return value === undefined ? null : Number(value)
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; a missing or unreadable file has no values
    return null
  }
}
