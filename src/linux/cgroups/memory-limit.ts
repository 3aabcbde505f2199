import { freemem, totalmem } from 'node:os'
import { join } from 'node:path'
import { type CgroupLimit, type CgroupPlace, lowestLimit, readCgroupUsage } from '../memory/cgroup.js'
import { lineValue, readText } from './cgroup-reading.js'

/** Reading it takes as long as reading what is free. */
const MACHINE_BYTES = totalmem()

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
  return limit === null || limit.bytes >= MACHINE_BYTES ? null : limit
}

/**
 * Reads a limit that was found before; null stands for that of the machine, where Node counts what
 * can be reclaimed as free (`MemAvailable`). Files in `tmpfs` cannot be reclaimed; the kernel lists
 * them with anonymous memory, so that they count here.
 */
export function readLimit(limit: CgroupLimit | null): MemoryLimit {
  if (limit === null) return { of: 'machine', bytes: MACHINE_BYTES, usedBytes: MACHINE_BYTES - freemem() }
  const usage = readCgroupUsage(limit)
  const stat = readText(join(limit.folder, 'memory.stat')) ?? ''
  const ofAll = limit.version === 1 ? 'total_' : ''
  const [inactive, active] = ['inactive_file', 'active_file'].map((name) => lineValue(stat, `${ofAll}${name}`))
  const usedBytes = usage === null || inactive == null || active == null ? null : usage - inactive - active
  return { of: 'cgroup', bytes: limit.bytes, usedBytes }
}
