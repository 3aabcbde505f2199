import { readMachineFacts } from '../linux/machine.js'
import { findAllocators } from './allocators.js'
import type { Finding } from './finding.js'
import { findKernelFeatures } from './kernel.js'
import { findLimits } from './limits.js'
import { findPrograms } from './programs.js'

/** Returns what this machine has for measuring memory, and what it lacks. */
export function examineMachine(): Finding[] {
  const machine = readMachineFacts()
  return [...findAllocators(machine.glibc), ...findKernelFeatures(machine), ...findLimits(machine), ...findPrograms()]
}
