import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type InterruptibleSleep, interruptibleSleep, ring } from '../../linux/native/interruptible-sleep.js'
import type { NativeFunction } from '../../linux/native/native-library.js'
import { type ProcessStat, readProcessStat } from '../../linux/process/process-stat.js'
import { readThreadCpuMs } from '../../linux/threads/this-thread.js'
import { nowMs } from '../../shared/clock.js'
import { messageOf, systemErrorCode } from '../../shared/errors.js'
import type { TreePeak } from '../recording.js'
import { ForkCopies } from './fork-copies.js'
import { NativeLoop } from './native/native-loop.js'
import { openProcess, unreadProcess } from './open-process.js'
import { ReportSchedule } from './report-schedule.js'
import { RssLimit } from './rss-limit.js'
import { SampleLog } from './sample-log.js'
import type { FromSampler, KnownSoFar, ProcessToSample, SamplerSettings, ToSampler } from './sampler-protocol.js'
import { SamplingCounts } from './sampling-counts.js'
import { SamplingSchedule } from './sampling-schedule.js'
import { TreeTracker } from './tree-tracker.js'
import type { WatchedProcess } from './watched-process.js'
import { WatchedProcesses } from './watched-processes.js'

const WARM_UP_TURNS = 400
/**
 * How often a warm-up turn also does rare work, from the first turn on: V8 compiles only code that
 * it has seen run.
 */
const RARE_WORK_TURNS = 200

/**
 * The sampler as it runs in its thread. A sample allocates nothing, so there is no garbage to
 * collect.
 */
export class Sampler {
  readonly #port: MessagePort
  readonly #settings: SamplerSettings
  readonly #bell: Int32Array
  readonly #sleep: InterruptibleSleep
  readonly #pace: SamplingSchedule
  readonly #tracker: TreeTracker | null
  readonly #watched = new WatchedProcesses()
  readonly #copies = new ForkCopies()
  readonly #counts = new SamplingCounts()
  readonly #reports: ReportSchedule
  #log: SampleLog | null
  #treePeak: TreePeak | null = null
  readonly #limit: RssLimit
  /** Sum of the newest sample. */
  #sumBytes = 0
  readonly #loop: NativeLoop | null
  /** Whether the loop can sample everything that is watched now. */
  #canLoop = false
  #isStopped = false

  /** @param sample the loop in C, if available */
  constructor(port: MessagePort, settings: SamplerSettings, sample: NativeFunction | undefined) {
    this.#port = port
    this.#settings = settings
    this.#bell = new Int32Array(settings.bell)
    this.#sleep = interruptibleSleep(this.#bell)
    this.#loop = this.#makeLoop(sample)
    this.#log = new SampleLog(settings.samplesFile)
    this.#tracker = settings.tree === null ? null : new TreeTracker(settings.tree)
    this.#pace = new SamplingSchedule(settings.intervalMs, nowMs())
    this.#reports = new ReportSchedule(settings.latestIntervalMs, nowMs())
    this.#limit = new RssLimit(settings.rssLimitBytes)
  }

  run(): void {
    this.#send({ kind: 'ready', wakeDescriptor: this.#sleep.wakeDescriptor })
    while (!this.#isStopped) this.#turn()
    this.#finish()
  }

  /**
   * Samples this very process as fast as it can until V8 has compiled the code of a sample. Ten
   * samples a second would give V8 no reason to for minutes, and an interpreted sample costs twice
   * as much.
   */
  warmUp(): void {
    this.#turn() // with nothing to read yet
    const stat = readProcessStat('self')
    if (stat.kind === 'read') this.#watch(stat, nowMs())
    const { wakeDescriptor } = this.#sleep
    for (let i = 0; i < WARM_UP_TURNS; i++) {
      if (i % RARE_WORK_TURNS === 0) {
        ring(this.#bell, wakeDescriptor)
        this.#reports.lookNow()
        this.#tracker?.listAgain()
      }
      this.#turn()
    }
    this.#close()
    this.#sleep.close()
  }

  /** Runs one turn: takes orders, takes a sample if due, and sleeps until the next one. */
  #turn(): void {
    if (Atomics.exchange(this.#bell, 0, 0) !== 0) {
      this.#takeOrders()
      if (this.#isStopped) return
    }
    const timeMs = nowMs()
    if (timeMs >= this.#pace.dueMs) this.#sample(timeMs)
    // A ring of the bell ends either sleep early; the deadline stays.
    if (this.#loop !== null && this.#canLoop && !this.#copies.hasYoung) this.#sampleInLoop(this.#loop)
    else this.#sleep.sleep(Math.max(0, this.#pace.dueMs - nowMs()))
  }

  #makeLoop(sample: NativeFunction | undefined): NativeLoop | null {
    const bell = this.#sleep.wakeDescriptor
    if (sample === undefined || bell === null) return null
    return new NativeLoop({ sample, bell, statusIntervals: this.#settings.statusIntervals })
  }

  /**
   * Sleeps, and has the loop take the samples that are due until other work is. Peaks, parts and
   * threads are not needed before the next report.
   */
  #sampleInLoop(loop: NativeLoop): void {
    const untilMs = Math.min(
      this.#reports.dueMs,
      this.#tracker?.quietUntilMs ?? Number.POSITIVE_INFINITY,
      this.#tracker === null ? Number.POSITIVE_INFINITY : this.#watched.renameDueMs,
      this.#copies.dueMs,
    )
    const overlapBytes = this.#watched.overlapBytes
    const { moved, samples } = loop.run({
      pace: this.#pace,
      log: this.#log,
      tracker: this.#tracker,
      untilMs,
      limitBytes: this.#limit.bytes + overlapBytes,
    })
    if (moved) this.#reports.moved()
    if (samples === 0) return
    const processes = this.#watched.list.length
    this.#counts.readings.read += samples * processes
    for (let i = 0; i < samples; i++) this.#noteSum(loop.times[i]!, loop.sumBytes(i) - overlapBytes, processes)
    this.#flush()
    this.#checkLimit(loop.times[samples - 1]!)
  }

  #flush(): void {
    try {
      this.#log?.flush(nowMs())
    } catch (error) {
      this.#failedToWrite(error)
    }
  }

  #takeOrders(): void {
    for (let got = receiveMessageOnPort(this.#port); got !== undefined; got = receiveMessageOnPort(this.#port)) {
      const order = got.message as ToSampler
      if (order.kind === 'add') this.#add(order.process)
      else this.#isStopped = true
    }
  }

  /**
   * Adds a process that the recorder names. If it has ended already, it counts as seen with nothing
   * read.
   */
  #add({ pid, startTicks }: ProcessToSample): void {
    if (this.#watched.get(pid)?.known.startTicks === startTicks) return // the tracker was faster
    const stat = readProcessStat(pid)
    if (stat.kind === 'read' && stat.startTicks === startTicks) {
      this.#tracker?.add(stat)
      if (this.#watch(stat, nowMs(), { isNamed: true }) !== undefined) return
    } else this.#counts.vanished++
    // The recorder waits to hear of its end.
    this.#send({ kind: 'gone', process: unreadProcess({ pid, name: '', startTicks, parentPid: null, command: [] }) })
  }

  #sample(timeMs: number): void {
    if (this.#tracker?.hasNews(timeMs)) this.#search(this.#tracker, timeMs)
    if (this.#copies.hasYoung) this.#meetGrownUp(timeMs)
    if (this.#readAll(timeMs) === 0) {
      this.#pace.passed(timeMs)
      return
    }
    this.#pace.taken(timeMs)
    this.#copies.readPss(timeMs)
    for (const watched of this.#watched.list) this.#takeCare(watched, timeMs)
    this.#checkLimit(timeMs)
    if (timeMs >= this.#reports.dueMs) this.#report(timeMs)
  }

  #search(tracker: TreeTracker, timeMs: number): void {
    for (const stat of tracker.findNew(timeMs)) {
      const watched = this.#watch(stat, timeMs)
      if (watched !== undefined && !this.#copies.isYoung(watched)) this.#send({ kind: 'found', process: watched.known })
    }
  }

  /** Reports forked processes once they are a program or have memory of their own. */
  #meetGrownUp(timeMs: number): void {
    for (const watched of this.#copies.grownUp(timeMs, (pid) => this.#watched.get(pid))) {
      this.#counts.seen++
      watched.readStatus(timeMs)
      watched.checkRename(timeMs)
      this.#send({ kind: 'found', process: watched.known })
    }
  }

  /**
   * Reads all processes into one line and returns how many could be read. A process that cannot be
   * read does not stop the walk.
   */
  #readAll(timeMs: number): number {
    let processes = 0
    let sumBytes = 0
    this.#log?.begin(timeMs)
    for (const watched of this.#watched.list) {
      const kind = watched.readRss(timeMs)
      this.#counts.readings[kind]++
      if (kind === 'read') {
        if (this.#copies.isYoung(watched)) continue
        processes++
        sumBytes += watched.rssBytes - watched.overlapBytes
        this.#log?.reading(watched.known.pid, watched.rssBytes)
      } else if (kind === 'gone') this.#drop(watched)
    }
    if (processes > 0) this.#endLine()
    else this.#log?.dropLine()
    this.#noteSum(timeMs, sumBytes, processes)
    return processes
  }

  #noteSum(timeMs: number, rssBytes: number, processes: number): void {
    this.#sumBytes = rssBytes
    if (rssBytes <= (this.#treePeak?.rssBytes ?? 0)) return
    const overlapBytes = this.#watched.overlapBytes
    this.#treePeak = { timeMs, rssBytes, processes, ...(overlapBytes > 0 && { overlapBytes }) }
  }

  /** Does what is due less often: reads peak, parts and threads, and checks for an exec. */
  #takeCare(watched: WatchedProcess, timeMs: number): void {
    if (this.#copies.isYoung(watched)) return
    if (watched.isStatusDue(timeMs) && watched.readStatus(timeMs)) this.#reports.moved()
    if (this.#tracker !== null && watched.checkRename(timeMs)) this.#send({ kind: 'renamed', process: watched.known })
  }

  #watch(stat: ProcessStat, timeMs: number, { isNamed = false } = {}): WatchedProcess | undefined {
    const watched = openProcess(stat, timeMs, this.#settings)
    if ('kind' in watched) {
      this.#counts.notOpened(watched)
      return undefined
    }
    if (isNamed || !this.#copies.add(watched, stat, this.#watched.get(stat.parentPid))) {
      this.#counts.seen++
      watched.readStatus(timeMs)
    }
    this.#watched.add(watched)
    this.#watchedChanged()
    return watched
  }

  #watchedChanged(): void {
    this.#canLoop = this.#loop?.watch(this.#watched.list) ?? false
    this.#reports.moved()
  }

  #drop(watched: WatchedProcess): void {
    const wasYoung = this.#copies.isYoung(watched)
    this.#copies.remove(watched.known.pid)
    watched.readExit()
    watched.close()
    this.#watched.remove(watched)
    this.#watchedChanged()
    this.#tracker?.remove(watched.known)
    if (wasYoung) this.#counts.vanished++
    else this.#send({ kind: 'gone', process: watched.known })
  }

  /**
   * Ends the line. On a full disk, keeps what was written, notifies the recorder and writes nothing
   * more.
   */
  #endLine(): void {
    try {
      this.#log?.end()
    } catch (error) {
      this.#failedToWrite(error)
    }
  }

  #failedToWrite(error: unknown): void {
    const code = systemErrorCode(error)
    if (code === undefined) throw error
    this.#log?.close()
    this.#log = null
    this.#send({ kind: 'failed', code, message: messageOf(error) })
  }

  #checkLimit(timeMs: number): void {
    if (this.#sumBytes <= this.#limit.bytes) return
    const counted = () => this.#watched.list.filter((watched) => !this.#copies.isYoung(watched))
    const rssBytes = this.#limit.passedBy({ timeMs, sumBytes: this.#sumBytes, counted })
    if (rssBytes !== undefined) this.#send({ kind: 'over-limit', timeMs, rssBytes })
  }

  #report(timeMs: number): void {
    if (this.#reports.takeLatest(timeMs)) this.#send({ kind: 'latest', timeMs, rss: this.#watched.latest() })
    if (this.#reports.takeProgress(timeMs)) this.#send({ kind: 'progress', ...this.#known() })
  }

  #finish(): void {
    this.#flush()
    // Report processes that have ended since the last sample as gone.
    for (const watched of this.#watched.list)
      if (watched.readRss(nowMs()) === 'gone') this.#drop(watched)
      else watched.readStatus(nowMs())
    this.#send({ kind: 'stopped', ...this.#known() })
    this.#close()
  }

  #close(): void {
    this.#watched.close()
    this.#tracker?.close()
    this.#log?.close()
    this.#port.close()
  }

  #known(): KnownSoFar {
    return {
      processes: this.#watched.known(),
      sampling: {
        ...this.#pace.facts(),
        ...this.#counts.facts(this.#tracker?.vanished ?? 0),
        costMs: readThreadCpuMs(),
        loop: this.#loop === null ? 'javascript' : 'c',
      },
      treePeak: this.#treePeak,
    }
  }

  #send(message: FromSampler): void {
    this.#port.postMessage(message)
  }
}
