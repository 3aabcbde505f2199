import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/shared/errors.js'

/** A cgroup with a limit of memory, page cache included, as a container has one. */
export interface MemoryLimit {
  add(pid: number): void
  /** The most that was counted against the limit, and how often it was reached. */
  read(): { peakBytes: number; hits: number }
  /** Once all of its processes have ended. */
  remove(): void
}

/** Files of the two versions of cgroups. docs.kernel.org, admin-guide/cgroup-v2 and cgroup-v1/memory. */
const VERSIONS = [
  {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    hits: (folder: string) => Number(readFileSync(join(folder, 'memory.failcnt'), 'utf8')),
  },
  {
    root: '/sys/fs/cgroup',
    limit: 'memory.max',
    peak: 'memory.peak',
    hits: (folder: string) => Number(/^max (\d+)$/m.exec(readFileSync(join(folder, 'memory.events'), 'utf8'))?.[1]),
  },
]

/** Undefined, with the reason printed, where none can be made. */
export function openMemoryLimit(bytes: number): MemoryLimit | undefined {
  const version = VERSIONS.find(({ root }) => existsSync(root))
  if (version === undefined) {
    console.error('not measured: there are no cgroups here')
    return undefined
  }
  const folder = join(version.root, `tidemark-bench-${process.pid}`)
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, version.limit), String(bytes))
  } catch (error) {
    console.error(`not measured: no cgroup with a limit can be made here: ${messageOf(error)}`)
    return undefined
  }
  return {
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    read: () => ({ peakBytes: Number(readFileSync(join(folder, version.peak), 'utf8')), hits: version.hits(folder) }),
    remove: () => rmdirSync(folder),
  }
}
