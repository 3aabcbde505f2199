import { PROC, readProcFile } from '../../linux/files/proc-file.js'
import { readProcessStatus } from '../../linux/process/process-status.js'
import { nowMs } from '../../shared/clock.js'
import type { AttributionMark } from '../../shared/marks.js'
import { askProbe } from './ask-probe.js'
import type { ProbeOrder } from './probe-order.js'

/** A process to probe. */
export interface Probed {
  pid: number
  role: string
}

export type TakenProbe = { kind: 'taken'; mark: AttributionMark } | { kind: 'not taken'; why: string }

/**
 * Has the allocator of a process return its free pages and measures by RSS how much came back. The
 * allocator's own counters cannot show this: not all free bytes are resident, and not all free
 * memory is returned.
 */
export async function takeProbe(
  { token, library }: Pick<ProbeOrder, 'token' | 'library'>,
  { pid, role }: Probed,
): Promise<TakenProbe> {
  const facts = await askProbe('facts', { token, pid })
  if (facts === undefined) return { kind: 'not taken', why: whyUnanswered(pid, role, library) }
  const before = readProcessStatus(pid)
  const purged = await askProbe('purge', { token, pid })
  const after = readProcessStatus(pid)
  if (purged === undefined || before.kind !== 'read' || after.kind !== 'read')
    return { kind: 'not taken', why: `the ${role} (pid ${pid}) ended while it was probed` }
  if (!purged.purged)
    return {
      kind: 'not taken',
      why: `the allocator of the ${role} (pid ${pid}) is ${purged.allocator}, which cannot be made from outside to return its free pages`,
    }
  const retainedBytes = Math.max(0, before.rssBytes - after.rssBytes)
  return {
    kind: 'taken',
    mark: {
      mark: 'attribution',
      timeMs: nowMs(),
      pid,
      role,
      rssBytes: before.rssBytes,
      retainedBytes,
      garbageBytes: null,
      liveBytes: before.rssBytes - retainedBytes,
      allocator: facts,
    },
  }
}

function whyUnanswered(pid: number, role: string, library: string, proc = PROC): string {
  const target = `the ${role} (pid ${pid})`
  const maps = readProcFile(pid, 'maps', proc)
  if (maps.kind !== 'read' || maps.text === '') return `${target} had ended before it could be probed`
  if (maps.text.includes(library))
    return `the probe does not answer in ${target}: it is another user's, or a fork of a program that continues without exec`
  const because = /\/ld[-.][^/]*\.so/.test(maps.text)
    ? 'something on the way to it takes LD_PRELOAD away, or it was started before'
    : 'it is statically linked'
  return `the probe could not be loaded into ${target}: ${because}`
}
