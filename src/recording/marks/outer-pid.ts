import type { Mark } from '../../shared/marks.js'
import type { RecordedProcess } from '../recording.js'
import type { ObservedMark } from './observed-mark.js'

type Known = Pick<RecordedProcess, 'pid' | 'innerPid'>

/**
 * Returns the pid of the only process that has this pid in a PID namespace of its own; the pid
 * itself if there is none.
 */
export function outerPidAmong(processes: readonly Known[], pid: number): number {
  const inside = new Set(processes.filter(({ innerPid }) => innerPid === pid).map((process) => process.pid))
  const [only] = inside
  return inside.size === 1 ? only! : pid
}

/** Returns marks with the pids that the recorder knows, instead of those inside a container. */
export function withOuterPids(
  marks: readonly (Mark | ObservedMark)[],
  processes: readonly Known[],
): (Mark | ObservedMark)[] {
  if (processes.every(({ innerPid }) => innerPid === undefined)) return [...marks]
  const outside = new Set(processes.map(({ pid }) => pid))
  return marks.map((mark) =>
    mark.mark === 'observed' || outside.has(mark.pid) ? mark : { ...mark, pid: outerPidAmong(processes, mark.pid) },
  )
}
