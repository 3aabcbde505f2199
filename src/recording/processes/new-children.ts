import { readCommandLine } from '../../linux/process/command-line.js'
import { openLastPid } from '../../linux/process/last-pid.js'
import { listPids } from '../../linux/process/process-list.js'
import { hasEnded, type ProcessStat, readProcessStat } from '../../linux/process/process-stat.js'
import type { RecordedProcess } from '../recording.js'
import { unreadProcess } from '../sampling/open-process.js'
import type { SamplerHandle } from '../sampling/sampler.js'
import type { ProcessRegistry } from './process-registry.js'

/**
 * Finds the children that recorded processes started since the last sample, so that a mark about
 * all processes includes those that live only between two samples.
 *
 * It leaves out copies that have not executed a program: the sampling thread judges whether they
 * hold memory of their own.
 */
export class NewChildren {
  readonly #newestPid = openLastPid()
  #seenPid: number | null = null
  /** Pids of the last listing that are not recorded. */
  #others = new Set<number>()

  /** Adds new programs to both. It reads one small file where no process has been started. */
  addTo(registry: Pick<ProcessRegistry, 'running' | 'merge'>, sampler: Pick<SamplerHandle, 'add'>): RecordedProcess[] {
    return this.#find(registry.running()).map(({ pid, name, startTicks, parentPid }) => {
      sampler.add({ pid, startTicks })
      const command = readCommandLine(pid) ?? []
      return registry.merge(unreadProcess({ pid, name, startTicks, parentPid, command }), { isGone: false })
    })
  }

  close(): void {
    this.#newestPid?.close()
  }

  /** Returns new programs, parents before children. */
  #find(recorded: readonly { pid: number }[]): ProcessStat[] {
    const newest = this.#newestPid?.read() ?? null
    if (newest === null || newest === this.#seenPid) return []
    this.#seenPid = newest
    const ours = new Set(recorded.map(({ pid }) => pid))
    const listed = listPids().filter((pid) => !ours.has(pid))
    const fresh = listed.filter((pid) => !this.#others.has(pid)).sort((a, b) => a - b)
    const found: ProcessStat[] = []
    const copies = new Set<number>()
    for (const pid of fresh) {
      const stat = readProcessStat(pid)
      if (stat.kind !== 'read' || hasEnded(stat) || !ours.has(stat.parentPid)) continue
      if (stat.isForkCopy) {
        copies.add(pid)
        continue
      }
      ours.add(pid)
      found.push(stat)
    }
    if (copies.size > 0) this.#seenPid = null // they may become programs, and no pid is given then
    this.#others = new Set(listed.filter((pid) => !ours.has(pid) && !copies.has(pid)))
    return found
  }
}
