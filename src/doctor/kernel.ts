import { readFileSync } from 'node:fs'
import { failedReading } from '../linux/files/proc-file.js'
import { readCgroupMemory } from '../linux/memory/cgroup.js'
import { tryResetPeak } from '../linux/memory/peak.js'
import { readSharedMemory } from '../linux/memory/smaps-rollup.js'
import { othersProcesses } from '../linux/process/others-processes.js'
import type { MachineFacts } from '../shared/machine-facts.js'
import { formatBytes } from '../shared/units.js'
import type { Finding } from './finding.js'

/** Returns what the kernel allows us to measure, and what it does with memory on its own. */
export function findKernelFeatures({
  kernel,
  cgroupVersion,
  transparentHugePages,
  pageSizeBytes,
}: MachineFacts): Finding[] {
  const cgroup = readCgroupMemory('self')
  return [
    { group: 'kernel', name: 'kernel', state: 'ok', found: `${kernel}, pages of ${formatBytes(pageSizeBytes)}` },
    exactPeaks(),
    othersOf(),
    readSharedMemory('self') === null
      ? {
          group: 'kernel',
          name: 'smaps_rollup',
          state: 'missing',
          found: 'not readable',
          means: '--pss cannot be had; it takes Linux 4.14',
        }
      : { group: 'kernel', name: 'smaps_rollup', state: 'ok', found: 'readable: --pss works' },
    cgroup === null
      ? {
          group: 'kernel',
          name: 'cgroup',
          state: 'missing',
          found: 'no memory cgroup',
          means: 'limits and peaks of containers are not seen',
        }
      : { group: 'kernel', name: 'cgroup', state: 'ok', found: `version ${cgroupVersion}`, path: cgroup.folder },
    cgroup === null || cgroup.peakBytes === null
      ? {
          group: 'kernel',
          name: 'memory.peak',
          state: 'missing',
          found: 'not in this cgroup',
          means: 'the peak of a whole container is not known; version 2 has it from Linux 5.19',
        }
      : {
          group: 'kernel',
          name: cgroup.version === 2 ? 'memory.peak' : 'memory.max_usage_in_bytes',
          state: 'ok',
          found: formatBytes(cgroup.peakBytes),
        },
    hugePages(transparentHugePages),
    overcommit(),
  ]
}

function exactPeaks(): Finding {
  const finding = { group: 'kernel', name: 'clear_refs' } as const
  const reset = tryResetPeak('self')
  if (reset.kind === 'reset') return { ...finding, state: 'ok', found: 'writable: peaks per round are exact' }
  const found = reset.kind === 'gone' ? 'not in this kernel (CONFIG_PROC_PAGE_MONITOR)' : `not writable: ${reset.why}`
  const means = 'peaks of rounds are sampled, a lower bound; mount /proc for writing, or run without the sandbox'
  return { ...finding, state: 'missing', found, means }
}

/** Returns what a user who is not root can do with processes of other users. */
function othersOf(): Finding {
  const finding = { group: 'kernel', name: "others' processes" } as const
  const others = othersProcesses()
  if (others === 'all') return { ...finding, state: 'ok', found: 'root measures them as its own' }
  if (others === 'unknown') return { ...finding, state: 'ok', found: 'none are shown here' }
  if (others === 'hidden') {
    const means = 'only what runs as this user can be measured (attach, trees of processes); the rest takes root'
    return { ...finding, state: 'note', found: 'hidden: /proc is mounted with hidepid', means }
  }
  const means = 'their peaks of rounds are sampled and PSS cannot be had: both take root; your own are exact'
  return { ...finding, state: 'note', found: 'RSS is shown, the reset of peaks is refused', means }
}

function hugePages(enabled: string | null): Finding {
  const finding = { group: 'kernel', name: 'transparent huge pages' } as const
  if (enabled !== 'always') return { ...finding, state: 'ok', found: enabled ?? 'not in this kernel' }
  const means = 'RSS moves in steps of 2 MiB and free memory is given back late; compare on machines of the same mode'
  return { ...finding, state: 'note', found: enabled, means }
}

function overcommit(): Finding {
  const mode = readNumber('/proc/sys/vm/overcommit_memory')
  const finding = { group: 'kernel', name: 'overcommit' } as const
  if (mode !== 2) return { ...finding, state: 'ok', found: mode === null ? 'unknown' : `mode ${mode}` }
  const means = 'allocations fail by what is reserved, long before RSS reaches the limit'
  return { ...finding, state: 'note', found: 'mode 2, strict', means }
}

function readNumber(path: string): number | null {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return null
  }
}
