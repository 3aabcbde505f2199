import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { failedReading } from '../linux/files/proc-file.js'
import type { MachineFacts } from '../shared/machine-facts.js'
import { formatBytes } from '../shared/units.js'
import type { Finding } from './finding.js'

/**
 * Number of open files below which a recorder, which keeps files open for many processes, runs into
 * the limit.
 */
const FEW_OPEN_FILES = 1024

/** Returns how much memory there is, and what stops a process from getting it. */
export function findLimits({ cores, memoryBytes, cgroupLimitBytes }: MachineFacts): Finding[] {
  const limits = readLimits()
  const addressSpace = limits.get('Max address space') ?? null
  const openFiles = limits.get('Max open files') ?? null
  return [
    {
      group: 'limits',
      name: 'memory',
      state: 'ok',
      found: `${formatBytes(memoryBytes)}, ${formatBytes(freemem())} free; ${cores} ${cores === 1 ? 'core' : 'cores'}`,
    },
    {
      group: 'limits',
      name: 'cgroup limit',
      state: cgroupLimitBytes === null ? 'ok' : 'note',
      found: cgroupLimitBytes === null ? 'none' : formatBytes(cgroupLimitBytes),
      ...(cgroupLimitBytes !== null && {
        means: 'what is measured is killed when it, and the rest of the cgroup, reach it',
      }),
    },
    {
      group: 'limits',
      name: 'address space',
      state: addressSpace === null ? 'ok' : 'note',
      found: addressSpace === null ? 'unlimited' : formatBytes(addressSpace),
      ...(addressSpace !== null && { means: 'ulimit -v stops allocations; it counts reserved memory, not RSS' }),
    },
    {
      group: 'limits',
      name: 'open files',
      state: openFiles !== null && openFiles < FEW_OPEN_FILES ? 'note' : 'ok',
      found: openFiles === null ? 'unlimited' : String(openFiles),
      ...(openFiles !== null &&
        openFiles < FEW_OPEN_FILES && { means: 'recording many processes needs more: ulimit -n 4096' }),
    },
  ]
}

/**
 * Reads the soft limits by name (proc_pid_limits(5)); leaves out those that are unlimited or
 * unknown.
 */
function readLimits(): Map<string, number> {
  try {
    const lines = readFileSync('/proc/self/limits', 'utf8').split('\n')
    const numbers = lines.map((line) => /^(Max [a-z ]+?) {2,}(\d+) /.exec(line)).filter((match) => match !== null)
    return new Map(numbers.map(([, name, soft]) => [name!, Number(soft)]))
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return new Map()
  }
}
