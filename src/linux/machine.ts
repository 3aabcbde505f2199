import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, hostname, release, totalmem, type } from 'node:os'
import type { MachineFacts } from '../shared/machine-facts.js'
import { failedReading, type Pid } from './files/proc-file.js'
import { readCgroupMemory } from './memory/cgroup.js'
import { pageSizeBytes } from './memory/page-size.js'

/** @param pid the process whose cgroup limits are meant */
export function readMachineFacts(pid: Pid = 'self'): MachineFacts {
  const cgroup = readCgroupMemory(pid)
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

/** Reads the mode from a line such as `always [madvise] never`, where it is in brackets. */
function readTransparentHugePages(): string | null {
  try {
    return /\[(\w+)\]/.exec(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'))?.[1] ?? null
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; kernels without huge pages have no such file
    return null
  }
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime ?? null
}
