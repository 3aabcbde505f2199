import type { FailedReading } from '../../linux/files/proc-file.js'
import { readCommandLine } from '../../linux/process/command-line.js'
import { isAlive, type ProcessStat } from '../../linux/process/process-stat.js'
import { nowMs } from '../../shared/clock.js'
import type { SampledProcess, SamplerSettings } from './sampler-protocol.js'
import { closeProcessFiles, openProcessFiles, WatchedProcess } from './watched-process.js'

/**
 * Age by which a fork, a shell or a wrapper has become the program that it launches; at low rates,
 * the sample after its discovery.
 */
const LAUNCHED_MS = 750

/** Opens a process for sampling and reads its RSS once. */
export function openProcess(
  stat: ProcessStat,
  timeMs: number,
  { statusIntervals, intervalMs }: Pick<SamplerSettings, 'statusIntervals' | 'intervalMs'>,
): WatchedProcess | FailedReading {
  const { pid, name, startTicks, parentPid } = stat
  const files = openProcessFiles(pid)
  if ('kind' in files) return files
  // The pid may have been given to another process since the listing.
  if (!isAlive(stat)) {
    closeProcessFiles(files)
    return { kind: 'gone' }
  }
  const known = unreadProcess({ pid, name, startTicks, parentPid, command: readCommandLine(pid) ?? [] }, timeMs)
  const launchedMs = Math.max(LAUNCHED_MS, 1.5 * intervalMs)
  const watched = new WatchedProcess(files, known, { intervals: statusIntervals, launchedMs })
  watched.readRss(timeMs)
  return watched
}

/** A process of which nothing has been read yet. */
export function unreadProcess(
  process: Pick<SampledProcess, 'pid' | 'name' | 'startTicks' | 'parentPid' | 'command'>,
  timeMs = nowMs(),
): SampledProcess {
  return { ...process, firstSeenMs: timeMs, lastSeenMs: timeMs, ...NOTHING_READ }
}

const NOTHING_READ = {
  peakBytes: null,
  aboveBytes: null,
  hugetlbBytes: 0,
  isReplaced: false,
  highest: null,
  last: null,
  exit: null,
}
