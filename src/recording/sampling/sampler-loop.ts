import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type InterruptibleSleep, interruptibleSleep, ring } from '../../linux/native/interruptible-sleep.js'
import type { NativeFunction } from '../../linux/native/native-library.js'
import { readCommandLine } from '../../linux/process/command-line.js'
import { isAlive, type ProcessStat, readProcessStat } from '../../linux/process/process-stat.js'
import { readThreadCpuMs } from '../../linux/threads/this-thread.js'
import { nowMs } from '../../shared/clock.js'
import { messageOf, systemErrorCode } from '../../shared/errors.js'
import type { SamplingFacts, TreePeak } from '../recording.js'
import { ForkCopies } from './fork-copies.js'
import { NativeLoop } from './native-loop.js'
import { RssLimit } from './rss-limit.js'
import { SampleLog } from './sample-log.js'
import type { FromSampler, ProcessToSample, SampledProcess, SamplerSettings, ToSampler } from './sampler-protocol.js'
import { SamplingSchedule } from './sampling-schedule.js'
import { TreeTracker } from './tree-tracker.js'
import { closeProcessFiles, openProcessFiles, WatchedProcess } from './watched-process.js'

/**
 * Age by which a fork, a shell or a wrapper has become the program that it launches; at low rates,
 * the sample after its discovery.
 */
const LAUNCHED_MS = 750
const LATEST_INTERVAL_MS = 500
const PROGRESS_INTERVAL_MS = 5000
/**
 * Interval of progress while no process has come, gone or moved: RSS below the peak is in the
 * samples anyway.
 */
const IDLE_PROGRESS_INTERVAL_MS = 30_000
const REHEARSED_TURNS = 400
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
  readonly #watched = new Map<number, WatchedProcess>()
  readonly #copies = new ForkCopies()
  /** The watched processes as an array, because a loop over it costs less than one over the map. */
  #inOrder: readonly WatchedProcess[] = []
  readonly #readings = { read: 0, gone: 0, unreadable: 0 }
  readonly #processes = { seen: 0, vanished: 0, unreadable: 0 }
  readonly #unreadableCodes: Record<string, number> = {}
  #log: SampleLog | null
  #treePeak: TreePeak | null = null
  #latestDueMs = 0
  #progressDueMs: number
  #progressMs = 0
  /** Whether a process has come, gone or moved since the last progress. */
  #hasMoved = false
  /** The earlier one of the two due times, `latest` and `progress`. */
  #tellDueMs: number
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
    this.#progressDueMs = nowMs() + PROGRESS_INTERVAL_MS
    this.#tellDueMs = settings.tellLatest ? 0 : this.#progressDueMs
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
    for (let i = 0; i < REHEARSED_TURNS; i++) {
      if (i % RARE_WORK_TURNS === 0) {
        ring(this.#bell, wakeDescriptor)
        this.#tellDueMs = 0
        this.#progressDueMs = 0
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

  get #renameDueMs(): number {
    if (this.#tracker === null) return Number.POSITIVE_INFINITY
    let dueMs = Number.POSITIVE_INFINITY
    for (const watched of this.#inOrder) dueMs = Math.min(dueMs, watched.renameDueMs)
    return dueMs
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
      this.#tellDueMs,
      this.#tracker?.quietUntilMs ?? Number.POSITIVE_INFINITY,
      this.#renameDueMs,
      this.#copies.dueMs,
    )
    const overlapBytes = this.#overlapBytes
    const { moved, samples } = loop.run({
      pace: this.#pace,
      log: this.#log,
      tracker: this.#tracker,
      untilMs,
      limitBytes: this.#limit.bytes + overlapBytes,
    })
    if (moved) this.#hasMoved = true
    if (samples === 0) return
    const processes = this.#inOrder.length
    this.#readings.read += samples * processes
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
    } else this.#vanished()
    // The recorder waits to hear of its end.
    this.#send({ kind: 'gone', process: unread({ pid, startTicks, parentPid: null, command: [] }) })
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
    for (const watched of this.#inOrder) this.#takeCare(watched, timeMs)
    this.#checkLimit(timeMs)
    if (timeMs >= this.#tellDueMs) this.#tell(timeMs)
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
      this.#processes.seen++
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
    for (const watched of this.#inOrder) {
      const kind = watched.readRss(timeMs)
      this.#readings[kind]++
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
    const overlapBytes = this.#overlapBytes
    this.#treePeak = { timeMs, rssBytes, processes, ...(overlapBytes > 0 && { overlapBytes }) }
  }

  /** Bytes that a plain sum of RSS counts more than once. */
  get #overlapBytes(): number {
    let bytes = 0
    for (const watched of this.#inOrder) bytes += watched.overlapBytes
    return bytes
  }

  /** Does what is due less often: reads peak, parts and threads, and checks for an exec. */
  #takeCare(watched: WatchedProcess, timeMs: number): void {
    if (this.#copies.isYoung(watched)) return
    if (watched.isStatusDue(timeMs) && watched.readStatus(timeMs)) this.#hasMoved = true
    if (this.#tracker !== null && watched.checkRename(timeMs)) this.#send({ kind: 'renamed', process: watched.known })
  }

  #watch(stat: ProcessStat, timeMs: number, { isNamed = false } = {}): WatchedProcess | undefined {
    const files = openProcessFiles(stat.pid)
    const isUnreadable = 'kind' in files && files.kind === 'unreadable'
    if (isUnreadable) this.#noteUnreadable(files.code)
    // The pid may have been given to another process since the listing.
    const isGone = !isUnreadable && ('kind' in files || !isAlive(stat))
    if (isGone) this.#vanished()
    if ('kind' in files) return undefined
    if (isGone) {
      closeProcessFiles(files)
      return undefined
    }
    const { pid, startTicks, parentPid } = stat
    const known = unread({ pid, startTicks, parentPid, command: commandOf(stat) }, timeMs)
    const watched = new WatchedProcess(files, known, {
      intervals: this.#settings.statusIntervals,
      launchedMs: Math.max(LAUNCHED_MS, 1.5 * this.#settings.intervalMs),
    })
    watched.readRss(timeMs)
    if (isNamed || !this.#copies.add(watched, stat, this.#watched.get(stat.parentPid))) {
      this.#processes.seen++
      watched.readStatus(timeMs)
    }
    this.#watched.set(stat.pid, watched)
    this.#watchedChanged()
    return watched
  }

  #watchedChanged(): void {
    this.#inOrder = [...this.#watched.values()]
    this.#canLoop = this.#loop?.watch(this.#inOrder) ?? false
    this.#hasMoved = true
  }

  #noteUnreadable(code: string): void {
    this.#processes.unreadable++
    this.#unreadableCodes[code] = (this.#unreadableCodes[code] ?? 0) + 1
  }

  #vanished(): void {
    this.#processes.vanished++
  }

  #drop(watched: WatchedProcess): void {
    const wasYoung = this.#copies.isYoung(watched)
    this.#copies.remove(watched.known.pid)
    watched.readExit()
    watched.close()
    this.#watched.delete(watched.known.pid)
    this.#watchedChanged()
    this.#tracker?.remove(watched.known)
    if (wasYoung) this.#vanished()
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
    const counted = () => this.#inOrder.filter((watched) => !this.#copies.isYoung(watched))
    const rssBytes = this.#limit.passedBy({ timeMs, sumBytes: this.#sumBytes, counted })
    if (rssBytes !== undefined) this.#send({ kind: 'over-limit', timeMs, rssBytes })
  }

  #isProgressDue(timeMs: number): boolean {
    if (timeMs < this.#progressDueMs) return false
    this.#progressDueMs = timeMs + PROGRESS_INTERVAL_MS
    if (!this.#hasMoved && timeMs - this.#progressMs < IDLE_PROGRESS_INTERVAL_MS) return false
    this.#hasMoved = false
    this.#progressMs = timeMs
    return true
  }

  #tell(timeMs: number): void {
    if (this.#settings.tellLatest && timeMs >= this.#latestDueMs) {
      this.#latestDueMs = timeMs + LATEST_INTERVAL_MS
      const read = this.#inOrder.filter(({ isRead }) => isRead)
      this.#send({ kind: 'latest', timeMs, rss: read.map(({ known, rssBytes }) => [known.pid, rssBytes]) })
    }
    if (this.#isProgressDue(timeMs)) this.#send({ kind: 'progress', ...this.#knowledge() })
    this.#tellDueMs = Math.min(
      this.#progressDueMs,
      this.#settings.tellLatest ? this.#latestDueMs : Number.POSITIVE_INFINITY,
    )
  }

  #finish(): void {
    this.#flush()
    // Report processes that have ended since the last sample as gone.
    for (const watched of [...this.#inOrder])
      if (watched.readRss(nowMs()) === 'gone') this.#drop(watched)
      else watched.readStatus(nowMs())
    this.#send({ kind: 'stopped', ...this.#knowledge() })
    this.#close()
  }

  #close(): void {
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
        processes: {
          ...this.#processes,
          vanished: this.#processes.vanished + (this.#tracker?.vanished ?? 0),
          ...(this.#processes.unreadable > 0 && { unreadableCodes: { ...this.#unreadableCodes } }),
        },
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

function unread(
  process: Pick<SampledProcess, 'pid' | 'startTicks' | 'parentPid' | 'command'>,
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

/**
 * Returns the command line or, for a process in the midst of its exit, which has none, its name.
 */
function commandOf({ pid, name }: ProcessStat): string[] {
  const command = readCommandLine(pid)
  return command === null || command.length === 0 ? [name] : command
}
