/**
 * The sampling thread: one loop from 1 to 1000 Hz. It sleeps in Atomics.wait until an absolute deadline, which no other
 * work of the program can delay, reads every process, and appends one line.
 */
import { readFileSync } from 'node:fs'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { messageOf, systemErrorCode } from '../errors.js'
import { readCommandLine } from '../linux/command-line.js'
import { failedReading } from '../linux/proc-file.js'
import { isAlive, type ProcessStat, readProcessStat } from '../linux/process-stat.js'
import { openStatm } from '../linux/statm.js'
import { nowMs } from './clock.js'
import { Pace } from './pace.js'
import type { SamplingFacts, TreePeak } from './recording.js'
import { SampleLog } from './sample-log.js'
import type { FromSampler, ProcessToSample, SampledProcess, SamplerSettings, ToSampler } from './sampler-protocol.js'
import { TreeTracker } from './tree-tracker.js'
import { WatchedProcess } from './watched-process.js'

const LATEST_INTERVAL_MS = 250
const PROGRESS_INTERVAL_MS = 5000

class Sampler {
  readonly #port: MessagePort
  readonly #settings: SamplerSettings
  readonly #bell: Int32Array
  readonly #pace: Pace
  readonly #tracker: TreeTracker | null
  readonly #watched = new Map<number, WatchedProcess>()
  readonly #readings = { read: 0, gone: 0, unreadable: 0 }
  readonly #processes = { seen: 0, vanished: 0, unreadable: 0 }
  #log: SampleLog | null
  #treePeak: TreePeak | null = null
  #latestDueMs = 0
  #progressDueMs: number
  #isOverLimit = false
  #isStopped = false

  constructor(port: MessagePort, settings: SamplerSettings) {
    this.#port = port
    this.#settings = settings
    this.#bell = new Int32Array(settings.bell)
    this.#log = new SampleLog(settings.samplesFile)
    this.#tracker = settings.tree === null ? null : new TreeTracker(settings.tree)
    this.#pace = new Pace(settings.intervalMs, nowMs())
    this.#progressDueMs = nowMs() + PROGRESS_INTERVAL_MS
  }

  run(): void {
    this.#send({ kind: 'ready' })
    for (;;) {
      this.#takeOrders()
      if (this.#isStopped) break
      if (nowMs() >= this.#pace.dueMs) this.#sample()
      // A ring of the bell ends the sleep early; the deadline stays.
      Atomics.wait(this.#bell, 0, 0, Math.max(0, this.#pace.dueMs - nowMs()))
      Atomics.store(this.#bell, 0, 0)
    }
    this.#finish()
  }

  #takeOrders(): void {
    for (let got = receiveMessageOnPort(this.#port); got !== undefined; got = receiveMessageOnPort(this.#port)) {
      const order = got.message as ToSampler
      if (order.kind === 'add') this.#add(order.process)
      else this.#isStopped = true
    }
  }

  /** A process that somebody names. It may have ended already: then it has been seen, with nothing read. */
  #add({ pid, startTicks }: ProcessToSample): void {
    if (this.#watched.get(pid)?.known.startTicks === startTicks) return // the tracker was faster
    const stat = readProcessStat(pid)
    if (stat.kind === 'read' && stat.startTicks === startTicks) {
      this.#tracker?.add(stat)
      if (this.#watch(stat, nowMs()) !== undefined) return
    } else this.#vanished()
    // Whoever named it waits to hear of its end.
    this.#send({ kind: 'gone', process: unread({ pid, startTicks, parentPid: null, command: [] }) })
  }

  #sample(): void {
    const timeMs = nowMs()
    for (const stat of this.#tracker?.findNew(timeMs) ?? []) {
      const watched = this.#watch(stat, timeMs)
      if (watched !== undefined) this.#send({ kind: 'found', process: watched.known })
    }
    const rss: [number, number][] = []
    let sumBytes = 0
    for (const watched of this.#watched.values()) {
      const reading = watched.readRss(timeMs)
      this.#readings[reading.kind]++
      if (reading.kind === 'gone') this.#drop(watched)
      if (reading.kind !== 'read') continue // one that cannot be read does not end the walk over the others
      rss.push([reading.pid, reading.rssBytes])
      sumBytes += reading.rssBytes
    }
    if (rss.length === 0) {
      this.#pace.passed(timeMs)
      return
    }
    this.#pace.taken(timeMs)
    this.#append(timeMs, rss)
    if (sumBytes > (this.#treePeak?.rssBytes ?? 0))
      this.#treePeak = { timeMs, rssBytes: sumBytes, processes: rss.length }
    for (const watched of this.#watched.values()) {
      watched.readStatus(timeMs)
      if (this.#tracker !== null && watched.checkRename(timeMs)) this.#send({ kind: 'renamed', process: watched.known })
    }
    this.#tell(timeMs, rss, sumBytes)
  }

  #watch(stat: ProcessStat, timeMs: number): WatchedProcess | undefined {
    const statm = openStatm(stat.pid)
    if ('kind' in statm) {
      if (statm.kind === 'gone') this.#vanished()
      else this.#processes.unreadable++
      return undefined
    }
    // Between the listing and now the pid may have been given to another process.
    if (!isAlive(stat)) {
      statm.close()
      this.#vanished()
      return undefined
    }
    this.#processes.seen++
    const { pid, startTicks, parentPid } = stat
    const watched = new WatchedProcess(statm, unread({ pid, startTicks, parentPid, command: commandOf(stat) }, timeMs))
    watched.readStatus(timeMs)
    this.#watched.set(stat.pid, watched)
    return watched
  }

  #vanished(): void {
    this.#processes.vanished++
  }

  #drop(watched: WatchedProcess): void {
    watched.readExit()
    watched.close()
    this.#watched.delete(watched.known.pid)
    this.#tracker?.remove(watched.known)
    this.#send({ kind: 'gone', process: watched.known })
  }

  #append(timeMs: number, rss: readonly (readonly [number, number])[]): void {
    this.#write((log) => log.append(timeMs, rss))
  }

  /** When the disk is full, what was written is kept and the recorder is told; nothing more is written. */
  #write(write: (log: SampleLog) => void): void {
    if (this.#log === null) return
    try {
      write(this.#log)
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === undefined) throw error
      this.#log.close()
      this.#log = null
      this.#send({ kind: 'failed', code, message: messageOf(error) })
    }
  }

  #tell(timeMs: number, rss: [number, number][], rssBytes: number): void {
    const { rssLimitBytes, tellLatest } = this.#settings
    if (rssLimitBytes !== null && rssBytes > rssLimitBytes && !this.#isOverLimit) {
      this.#isOverLimit = true
      this.#send({ kind: 'over-limit', timeMs, rssBytes })
    }
    if (tellLatest && timeMs >= this.#latestDueMs) {
      this.#latestDueMs = timeMs + LATEST_INTERVAL_MS
      this.#send({ kind: 'latest', timeMs, rss })
    }
    if (timeMs >= this.#progressDueMs) {
      this.#progressDueMs = timeMs + PROGRESS_INTERVAL_MS
      this.#send({ kind: 'progress', ...this.#knowledge() })
    }
  }

  #finish(): void {
    this.#write((log) => log.flush(nowMs()))
    for (const watched of this.#watched.values()) watched.readStatusNow(nowMs())
    this.#send({ kind: 'stopped', ...this.#knowledge() })
    for (const watched of this.#watched.values()) watched.close()
    this.#tracker?.close()
    this.#log?.close()
    this.#port.close()
  }

  #knowledge(): { processes: SampledProcess[]; sampling: SamplingFacts; treePeak: TreePeak | null } {
    return {
      processes: [...this.#watched.values()].map(({ known }) => known),
      sampling: {
        ...this.#pace.facts(),
        readings: { ...this.#readings },
        processes: { ...this.#processes, vanished: this.#processes.vanished + (this.#tracker?.vanished ?? 0) },
        costMs: readThreadCpuMs(),
      },
      treePeak: this.#treePeak,
    }
  }

  #send(message: FromSampler): void {
    this.#port.postMessage(message)
  }
}

function unread(
  process: Pick<SampledProcess, 'pid' | 'startTicks' | 'parentPid' | 'command'>,
  timeMs = nowMs(),
): SampledProcess {
  return { ...process, firstSeenMs: timeMs, lastSeenMs: timeMs, peakBytes: null, highest: null, last: null, exit: null }
}

/** A process in the midst of its exit has no command line any more, but a name. */
function commandOf({ pid, name }: ProcessStat): string[] {
  const command = readCommandLine(pid)
  return command === null || command.length === 0 ? [name] : command
}

/** Processor time of this thread: the first number of schedstat, in ns (kernel.org, sched-stats). Null where it is off. */
function readThreadCpuMs(): number | null {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch (error) {
    failedReading(error) // throws what is no failed system call
    return null
  }
}

const { port, settings } = workerData as { port: MessagePort; settings: SamplerSettings }
if (parentPort === null) throw new Error('the sampler runs as a worker thread')
new Sampler(port, settings).run()
