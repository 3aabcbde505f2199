import type { MachineFacts, SamplingLoop } from '../shared/machine-facts.js'
import { formatBytes } from '../shared/units.js'

/**
 * A fact in which two machines differ, and what hangs on it: memory itself, or only how long things
 * take.
 */
export interface MachineDifference {
  fact: string
  first: string
  second: string
  bearsOn: 'memory' | 'time'
}

/**
 * The kernel keeps a little of the memory for itself, more or less by version: that much is the
 * same machine type.
 */
const SAME_MEMORY_SHARE = 0.05

/**
 * In what two machines are of different types. The host's name does not count, and of the kernel
 * only the first two numbers do; the number of cores does, as glibc opens arenas by it.
 */
export function machineDifferences(first: MachineFacts, second: MachineFacts): MachineDifference[] {
  const facts: [string, MachineDifference['bearsOn'], (machine: MachineFacts) => string][] = [
    ['architecture', 'memory', ({ arch }) => arch],
    ['cores', 'memory', ({ cores }) => String(cores)],
    ['limit of the cgroup', 'memory', ({ cgroupLimitBytes }) => sizeOf(cgroupLimitBytes)],
    ['page size', 'memory', ({ pageSizeBytes }) => sizeOf(pageSizeBytes)],
    ['transparent huge pages', 'memory', ({ transparentHugePages }) => transparentHugePages ?? 'unknown'],
    ['glibc', 'memory', ({ glibc }) => glibc ?? 'none'],
    ['Node', 'memory', ({ node }) => node],
    ['kernel', 'memory', ({ kernel }) => /^\w+ \d+\.\d+/.exec(kernel)?.[0] ?? kernel],
    ['processor', 'time', ({ cpuModel }) => cpuModel ?? 'unknown'],
    // Older files do not have it.
    ['sampling loop', 'time', ({ samplingLoop = first.samplingLoop ?? second.samplingLoop }) => loopOf(samplingLoop)],
  ]
  const differing = facts.flatMap(([fact, bearsOn, of]) =>
    of(first) === of(second) ? [] : [{ fact, first: of(first), second: of(second), bearsOn }],
  )
  return [...memoryDifference(first, second), ...differing]
}

function memoryDifference(first: MachineFacts, second: MachineFacts): MachineDifference[] {
  const [less, more] = [first.memoryBytes, second.memoryBytes].sort((a, b) => a - b)
  if (less! >= (1 - SAME_MEMORY_SHARE) * more!) return []
  return [{ fact: 'memory', first: sizeOf(first.memoryBytes), second: sizeOf(second.memoryBytes), bearsOn: 'memory' }]
}

function loopOf(loop: SamplingLoop | undefined): string {
  return loop === undefined ? 'unknown' : { c: 'C', javascript: 'JavaScript' }[loop]
}

function sizeOf(bytes: number | null): string {
  return bytes === null ? 'none' : formatBytes(bytes)
}

/** `cores (2, here 4), glibc (2.36, here 2.41)`. */
export function describeDifferences(differences: readonly MachineDifference[]): string {
  return differences.map(({ fact, first, second }) => `${fact} (${first}, here ${second})`).join(', ')
}
