import { loadedAllocator } from '../../linux/memory/allocator-maps.js'
import { readVariable } from '../../linux/process/environment.js'
import type { ExpectedRuntime } from '../workloads/workload.js'

/** Result of a check; `too early`: the process is not up yet, or gone. */
export type Promised = 'kept' | 'too early' | { broken: string }

/**
 * Checks that a running process has what its setting asks for: start scripts export variables of
 * their own, and the loader only warns about a library that it cannot find.
 */
export function lookUp(pid: number, role: string, expectedRuntime: ExpectedRuntime): Promised {
  const loaded = loadedAllocator(pid)
  // A process that has just started has mapped only the loader.
  if (loaded === null || loaded === 'unknown') return 'too early'
  const { allocator, environment } = expectedRuntime
  if (allocator !== null && loaded !== allocator)
    return {
      broken: `the allocator asked for is ${allocator}, the one loaded in the ${role} (pid ${pid}) is ${loaded}`,
    }
  for (const [name, asked] of Object.entries(environment)) {
    const found = readVariable(pid, name)
    if (found === (asked ?? null)) continue
    const is = found === null ? 'is not set' : `is ${found}`
    const why = found === null ? 'it was dropped on the way' : 'a start script exports it'
    const hint =
      name === 'MALLOC_ARENA_MAX' && asked === undefined
        ? '; compare 0 in place of unset: it is what glibc does by itself, and a script that only fills in what is missing leaves it'
        : ''
    const what = `${name} was to be ${asked ?? 'unset'}, but in the ${role} (pid ${pid}) it ${is}: ${why}${hint}`
    return { broken: what }
  }
  return 'kept'
}
