import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, hostname, release, totalmem, type } from 'node:os'
import { failedReading } from './files/proc-file.js'
import { readCgroupMemory } from './memory/cgroup.js'
import { pageSizeBytes } from './memory/page-size.js'

/** What the machine is, as far as it bears on memory. Stored with every recording. A fact that could not be read is null. */
export interface MachineFacts {
  hostname: string
  kernel: string
  arch: string
  cpuModel: string | null
  cores: number
  memoryBytes: number
  /** The lowest memory limit of the cgroup and its parents (v1 or v2); null when there is none. */
  cgroupLimitBytes: number | null
  cgroupVersion: 1 | 2 | null
  /** /sys/kernel/mm/transparent_hugepage/enabled: `always`, `madvise` or `never`. */
  transparentHugePages: string | null
  pageSizeBytes: number
  node: string
  glibc: string | null
}

export function readMachineFacts(): MachineFacts {
  const cgroup = readCgroupMemory('self')
  return {
    hostname: hostname(),
    kernel: `${type()} ${release()}`,
    arch: arch(),
    cpuModel: cpus()[0]?.model ?? null,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    cgroupLimitBytes: cgroup?.limitBytes ?? null,
    cgroupVersion: cgroup?.version ?? null,
    transparentHugePages: readTransparentHugePages(),
    pageSizeBytes: pageSizeBytes(),
    node: process.version,
    glibc: glibcVersion(),
  }
}

/** `always [madvise] never`: the one in brackets holds. */
function readTransparentHugePages(): string | null {
  try {
    return /\[(\w+)\]/.exec(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'))?.[1] ?? null
  } catch (error) {
    failedReading(error) // throws what is no failed system call; the file is missing on kernels without huge pages
    return null
  }
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime ?? null
}
