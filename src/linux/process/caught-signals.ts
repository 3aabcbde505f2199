import { constants } from 'node:os'
import { PROC, readProcFile } from '../files/proc-file.js'

/**
 * Returns whether a process has a handler for a signal that would end it otherwise: SigCgt in
 * /proc/PID/status. False when the process is gone.
 */
export function catchesSignal(pid: number, signal: NodeJS.Signals, proc = PROC): boolean {
  const file = readProcFile(pid, 'status', proc)
  const [, mask] = (file.kind === 'read' && /^SigCgt:\s*([0-9a-f]+)$/m.exec(file.text)) || []
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
}
