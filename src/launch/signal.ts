import { systemErrorCode } from '../shared/errors.js'

/**
 * Signals a process or, with a negative number, its group. Returns false when there is no such
 * process any more. A process that has changed its user (`sudo`) exists but is out of our reach:
 * EPERM counts as existing.
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
