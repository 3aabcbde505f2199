import { systemErrorCode } from '../shared/errors.js'

/**
 * Signals a process, or with a negative number its group. False when nobody is there any more. A process that has changed
 * its user (`sudo`) is there but out of our reach: EPERM, which counts as there.
 */
export function signalIfThere(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ESRCH') return false
    if (code === 'EPERM') return true
    throw error
  }
}
