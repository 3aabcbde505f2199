import { closeSync, constants, fstatSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { FollowedFile } from '../launch/follow-file.js'
import { followLines } from '../launch/follow-lines.js'
import type { FolderLock } from '../linux/files/folder-lock.js'
import type { CgroupPlace } from '../linux/memory/cgroup.js'
import { countOomKills, oomVictims } from '../linux/memory/out-of-memory.js'
import { readProcessStat } from '../linux/process/process-stat.js'
import { readProcessStatus } from '../linux/process/process-status.js'
import { nowMs } from '../shared/clock.js'
import { messageOf, systemErrorCode, TidemarkError } from '../shared/errors.js'
import type { Mark, StartMark } from '../shared/marks.js'
import { parseMarkLine } from './marks/mark-lines.js'
import type { ObservedMark } from './marks/observed-mark.js'
import { type PeakReader, PeakReaders } from './peaks/peak-readers.js'
import type { TreeRound, TreeRounds } from './peaks/tree-rounds.js'
import { Observer, type RoundEvent } from './processes/observer.js'
import { ProcessRegistry } from './processes/process-registry.js'
import { RecordedCgroup } from './processes/recorded-cgroup.js'
import type { ProcessToRecord, RecorderHandle, RecordingOptions, Span } from './recorder-handle.js'
import type { RecordedProcess, RecordingMetadata, RoundRecord } from './recording.js'
import { correctLastRounds } from './rounds/correct-last-rounds.js'
import { roundRecords } from './rounds/rounds.js'
import { type SamplerHandle, startSampler } from './sampling/sampler.js'
import type { FromSampler, SampledProcess, StatusIntervals } from './sampling/sampler-protocol.js'
import { METADATA_FILE } from './storage/metadata-file.js'
import { MetadataWriter, newHead } from './storage/metadata-writer.js'
import { startPssLog } from './storage/pss-log.js'
import { MARKS_FILE, makeRecordingFiles, SAMPLES_FILE, SHARED_FILE } from './storage/recording-files.js'
import { Warnings } from './warnings.js'

/**
 * Intervals of status readings. Shorter ones would only cost more: the kernel's peak loses nothing
 * between two readings.
 */
const STATUS_INTERVALS: StatusIntervals = { risingMs: 50, movingMs: 250, idleMs: 500 }
/**
 * Most lines of marks that are read, plus so many for each second. Rounds take longer, and a
 * program that writes marks without end must not keep the recorder busy.
 */
const MOST_MARKS = 100_000
const MOST_MARKS_A_SECOND = 100
const MOST_MARK_BYTES = 2 ** 30
/** Interval of reading limits and members of the cgroup; its peak is read with every progress. */
const CGROUP_MS = 60_000

/**
 * Starts to record into a folder: `recording.json`, `samples.ndjson`, `marks.ndjson`
 * (docs/file-formats.md). The folder can be read at any moment, even after a crash.
 *
 * @throws UsageError when the folder cannot be written
 */
export async function startRecording(options: RecordingOptions): Promise<RecorderHandle> {
  const { folder } = options
  const marksFile = options.marksFile ?? join(folder, MARKS_FILE)
  const head = newHead(options)
  const lock = makeRecordingFiles(folder, marksFile, head)
  const recorder = new Recorder(options, head, { marksFile, lock })
  await recorder.ready
  return recorder
}

class Recorder implements RecorderHandle {
  readonly folder: string
  readonly marksFile: string
  /** Resolves when the sampling thread is up: processes added from then on are read at once. */
  readonly ready: Promise<void>
  readonly #isAttached: boolean
  readonly #areMarksWhole: boolean
  readonly #oomKillsBefore = countOomKills()
  readonly #head: RecordingMetadata
  readonly #lock: FolderLock
  readonly #headKeeper: MetadataWriter
  readonly #registry: ProcessRegistry
  readonly #warnings = new Warnings()
  readonly #sampler: SamplerHandle
  readonly #observer: Observer
  readonly #peakReaders: PeakReaders
  /** Pids of programs that write whole marks: they reset their own peaks. */
  readonly #ownsPeak = new Set<number>()
  readonly #marks: FollowedFile
  readonly #shared: { stop(): void } | null
  readonly #markListeners: ((mark: Mark) => void)[] = []
  readonly #limitListeners: ((rssBytes: number) => void)[] = []
  readonly #failureListeners: ((error: TidemarkError) => void)[] = []
  readonly #goneListeners: ((pid: number) => void)[] = []
  readonly #roundListeners: ((round: number) => void)[] = []
  readonly #recordListeners: ((records: RoundRecord[]) => void)[] = []
  readonly #latestListeners: ((timeMs: number, rss: ReadonlyMap<number, number>) => void)[] = []
  /** Start marks of processes whose peaks cannot be reset. */
  readonly #inexactStarts: StartMark[] = []
  readonly #workDoneListeners: (() => void)[] = []
  #latest = new Map<number, number>()
  readonly #cgroup = new RecordedCgroup()
  #cgroupDueMs = 0
  /**
   * Whether marks report the program's rounds. Its log then reports the same rounds again, less
   * exactly.
   */
  #hasRoundMarks = false
  #hasWarnedOfBoth = false
  #markLines = 0
  #failure: TidemarkError | null = null
  #finished: Promise<RecordingMetadata> | null = null

  constructor(
    options: RecordingOptions,
    head: RecordingMetadata,
    { marksFile, lock }: { marksFile: string; lock: FolderLock },
  ) {
    this.folder = options.folder
    this.marksFile = marksFile
    this.#head = head
    this.#lock = lock
    this.#isAttached = options.isAttached ?? false
    this.#areMarksWhole = options.areMarksWhole ?? false
    this.#registry = new ProcessRegistry(options.roles ?? [])
    this.#headKeeper = new MetadataWriter(head, {
      folder: options.folder,
      processes: () => this.#registry.all(),
      warnings: () => this.#warnings.list(),
      onFull: () => this.#fail(cannotWrite(join(options.folder, METADATA_FILE), 'no space is left')),
    })
    this.#sampler = startSampler(
      {
        samplesFile: join(options.folder, SAMPLES_FILE),
        intervalMs: 1000 / options.rateHz,
        tree: options.tree ?? null,
        statusIntervals: STATUS_INTERVALS,
        rssLimitBytes: options.rssLimitBytes ?? null,
        tellLatest: this.#areMarksWhole || (options.tellLatest ?? true),
      },
      (message) => this.#onSampler(message),
      (error) => this.#fail(error),
    )
    this.ready = this.#sampler.ready
    const live = () => this.#registry.live()
    const resetPeaks = options.resetPeaks ?? true
    this.#peakReaders = new PeakReaders({
      live: () => this.#registry.running(),
      mayReset: ({ pid }) => resetPeaks && !this.#areMarksWhole && !this.#ownsPeak.has(pid),
      onPeak: (pid, peakBytes) => this.#registry.sawPeak(pid, peakBytes),
    })
    this.#observer = new Observer({
      resetPeaks,
      peakReaders: this.#peakReaders,
      onBoundary: (round) => this.#cgroup.tree?.roundEnded(round),
      live: () => {
        this.#registry.renameLive()
        return live()
      },
      all: () => this.#registry.all(),
      append: (mark) => this.#appendObserved(mark),
      onRefused: (pid, why) =>
        this.warn(
          `The peak of pid ${pid} could not be reset after a round (${why}): peaks of later rounds are samples.`,
        ),
      onUnread: (round) => this.#roundEnded(round),
      onMissed: (round) => {
        this.#warnings.missed(round)
        this.#headKeeper.saveSoon()
      },
    })
    this.#marks = followLines(marksFile, (line) => this.#onMarkLine(line), {
      isOurs: true,
      mostBytes: MOST_MARK_BYTES,
      whenAsked: this.#areMarksWhole,
    })
    this.#shared =
      options.sharedIntervalMs === undefined
        ? null
        : startPssLog({
            intervalMs: options.sharedIntervalMs,
            live: () => this.#registry.running(),
            append: (line) => this.#append(join(options.folder, SHARED_FILE), JSON.stringify(line)),
          })
  }

  add({ pid, role, name, command, isNamedByCommand = false }: ProcessToRecord): void {
    const stat = readProcessStat(pid)
    const startTicks = stat.kind === 'read' ? stat.startTicks : 0
    const parentPid = stat.kind === 'read' ? stat.parentPid : null
    if (this.#isAttached) this.#beginAttached({ pid, startTicks })
    this.#registry.add({ pid, startTicks, parentPid, role, name, command, isNamedByCommand, firstSeenMs: nowMs() })
    this.#sampler.add({ pid, startTicks })
    if (!this.#cgroup.isKnown) this.#readCgroup()
    this.#headKeeper.saveSoon()
  }

  exited(pid: number, exit: { code: number | null; signal: string | null; outOfMemory?: boolean }): void {
    // Read the marks first: code that reports the end should know how far the process came.
    if (this.#finished === null) this.#marks.readNow()
    const { code, signal, outOfMemory = false } = exit
    this.#registry.exited(pid, { code, signal, outOfMemory })
    this.#headKeeper.saveSoon()
  }

  latest(): ReadonlyMap<number, number> {
    return this.#latest
  }

  processes(): RecordedProcess[] {
    return this.#registry.all()
  }

  running(): RecordedProcess[] {
    return this.#registry.running()
  }

  pidsOf(role: string): number[] {
    return this.#registry.live().flatMap((process) => (process.role === role ? [process.pid] : []))
  }

  onMark(listener: (mark: Mark) => void): void {
    this.#markListeners.push(listener)
  }

  onOverLimit(listener: (rssBytes: number) => void): void {
    this.#limitListeners.push(listener)
  }

  onFailure(listener: (error: TidemarkError) => void): void {
    this.#failureListeners.push(listener)
  }

  onGone(listener: (pid: number) => void): void {
    this.#goneListeners.push(listener)
  }

  warn(message: string): void {
    this.#warnings.add(message)
    this.#headKeeper.saveSoon()
  }

  onRound(listener: (round: number) => void): void {
    this.#roundListeners.push(listener)
  }

  onRoundRecords(listener: (records: RoundRecord[]) => void): void {
    this.#recordListeners.push(listener)
  }

  onLatest(listener: (timeMs: number, rss: ReadonlyMap<number, number>) => void): void {
    this.#latestListeners.push(listener)
  }

  onWorkDone(listener: () => void): void {
    this.#workDoneListeners.push(listener)
  }

  workIsDone(): void {
    void this.#observer.finish().then(() => {
      for (const listener of this.#workDoneListeners) listener()
    })
  }

  peakReader(): PeakReader {
    return this.#peakReaders.open()
  }

  recordCgroup(place: CgroupPlace, { isNew }: { isNew: boolean }): void {
    const append = (round: TreeRound) => this.#append(this.marksFile, JSON.stringify(round))
    if (!this.#cgroup.use(place, { isNew, append }).hasPeak)
      this.warn(
        'The kernel keeps no peak of this cgroup (memory.peak is there from Linux 5.19 on): the peak of the tree is sampled.',
      )
    this.#readCgroup()
  }

  get tree(): TreeRounds | null {
    return this.#cgroup.tree
  }

  #beginAttached(process: { pid: number; startTicks: number }): void {
    const { pid } = process
    const reset = this.#observer.beginAttached(pid)
    if (reset.kind === 'reset') return
    const status = readProcessStatus(pid)
    if (status.kind === 'read') this.#peakReaders.heldBefore(process, status.peakBytes)
    const why = reset.kind === 'refused' ? ` (${reset.why})` : ''
    this.warn(`The peak of pid ${pid} was not reset at the start${why}: it may be of the time before this recording.`)
  }

  copyMark(line: string): void {
    this.#append(this.marksFile, line)
  }

  onRoundEvent(event: RoundEvent): void {
    this.#marks.readNow() // a program that writes both says it there first
    if (!this.#hasRoundMarks) {
      this.#observer.onRoundEvent(event)
      return
    }
    if (!this.#hasWarnedOfBoth)
      this.warn('The program writes marks, so rounds are theirs; lines that fit --rounds are not used.')
    this.#hasWarnedOfBoth = true
  }

  finish(state: RecordingMetadata['state'], reason: string | null, span?: Span): Promise<RecordingMetadata> {
    this.#headKeeper.close()
    this.#finished ??= this.#finish(state, reason, span)
    return this.#finished
  }

  async #finish(state: RecordingMetadata['state'], reason: string | null, span?: Span): Promise<RecordingMetadata> {
    await this.#marks.readAll()
    await this.#observer.finish()
    this.#marks.close()
    this.#shared?.stop()
    this.#cgroup.tree?.close()
    await this.#sampler.stop()
    this.#correctLastRounds()
    this.#registry.killedByKernel((pids) => oomVictims(pids, this.#oomKillsBefore))
    const head = this.#head
    head.startedMs = span?.startedMs ?? head.startedMs
    head.endedMs = span?.endedMs ?? nowMs()
    head.state = this.#failure === null ? state : 'failed'
    head.reason = this.#failure?.message ?? reason
    this.#headKeeper.save()
    this.#lock.release()
    return head
  }

  #correctLastRounds(): void {
    if (this.#failure !== null) return
    const corrected = correctLastRounds(this.#observer.lastRounds(), {
      processes: this.#registry.all(),
      samplesFile: join(this.folder, SAMPLES_FILE),
    })
    for (const mark of corrected) this.#append(this.marksFile, JSON.stringify(mark))
  }

  #onSampler(message: FromSampler): void {
    switch (message.kind) {
      case 'found':
      case 'renamed':
      case 'gone':
        this.#merge(message.process, message.kind === 'gone')
        this.#headKeeper.saveSoon()
        break
      case 'latest':
        this.#latest = new Map(message.rss)
        this.#peakReaders.sampled(this.#latest)
        this.#registry.lookUpAllocators()
        for (const listener of this.#latestListeners) listener(message.timeMs, this.#latest)
        if (this.#areMarksWhole && this.#finished === null) this.#marks.readNow() // it is awake now: one timer less
        break
      case 'progress':
      case 'stopped':
        for (const process of message.processes)
          this.#registry.merge(process, { isGone: false, isLast: message.kind === 'stopped' })
        this.#head.sampling = message.sampling
        if (message.treePeak !== null) this.#head.treePeak = message.treePeak
        if (message.kind === 'stopped' || nowMs() >= this.#cgroupDueMs) this.#readCgroup()
        else this.#readCgroupPeak()
        if (message.kind === 'progress') this.#headKeeper.save()
        break
      case 'over-limit':
        for (const listener of this.#limitListeners) listener(message.rssBytes)
        break
      case 'failed':
        this.#fail(cannotWrite(join(this.folder, SAMPLES_FILE), message.message))
        break
    }
  }

  #merge(sampled: SampledProcess, isGone: boolean): void {
    const process = this.#registry.merge(sampled, { isGone })
    if (!isGone) return
    this.#ownsPeak.delete(process.pid)
    this.#peakReaders.ended(process)
    this.#onGone(process.pid)
  }

  #onGone(pid: number): void {
    this.#latest.delete(pid)
    for (const listener of this.#goneListeners) listener(pid)
  }

  #onMarkLine(line: string): void {
    if (++this.#markLines > MOST_MARKS + (MOST_MARKS_A_SECOND * (nowMs() - this.#head.startedMs)) / 1000) {
      this.warn(TOO_MANY_MARKS)
      return
    }
    const parsed = parseMarkLine(line)
    if ((parsed.kind === 'bare' || parsed.kind === 'mark') && parsed.mark.pid !== undefined)
      parsed.mark.pid = this.#registry.outerPid(parsed.mark.pid)
    if (parsed.kind === 'bare') {
      if (parsed.mark.mark !== 'start') this.#hasRoundMarks = true
      this.#observer.onBareMark(parsed.mark, { isFresh: wasJustWritten(this.marksFile) })
    }
    if (parsed.kind !== 'mark') return
    this.#registry.onMark(parsed.mark)
    this.#notePeakOf(parsed.mark)
    for (const listener of this.#markListeners) listener(parsed.mark)
    if (parsed.mark.mark === 'start' && !parsed.mark.exactPeaks) this.#inexactStarts.push(parsed.mark)
    if (parsed.mark.mark !== 'round') return
    this.#hasRoundMarks = true
    this.#cgroup.tree?.roundEnded(parsed.mark.round)
    this.#tellRecords(parsed.mark)
    this.#roundEnded(parsed.mark.round)
  }

  #notePeakOf(mark: Mark): void {
    if (mark.mark !== 'start' && mark.mark !== 'round' && mark.mark !== 'peak') return
    this.#ownsPeak.add(mark.pid)
    const process = this.#registry.running().find(({ pid }) => pid === mark.pid)
    if (process !== undefined && mark.mark === 'peak') this.#peakReaders.tookItself(process, mark.peakBytes)
    if (process !== undefined && mark.mark === 'round' && mark.peakBytes !== null)
      this.#peakReaders.sawOwnPeak(process, mark.peakBytes)
  }

  #readCgroup(): void {
    this.#cgroupDueMs = nowMs() + CGROUP_MS
    const recorded = new Set(this.#registry.all().map(({ pid }) => pid))
    const found = this.#cgroup.read(this.#registry.live()[0]?.pid, recorded)
    if (found === undefined) this.#readCgroupPeak()
    else this.#head.cgroup = found
  }

  #readCgroupPeak(): void {
    const peakBytes = this.#cgroup.readPeak()
    if (peakBytes !== null && this.#head.cgroup !== undefined) this.#head.cgroup = { ...this.#head.cgroup, peakBytes }
  }

  #appendObserved(mark: ObservedMark): void {
    this.#append(this.marksFile, JSON.stringify(mark))
    // The sampling thread may not have read the peak that the reset cleared.
    for (const { pid, peakBytes } of mark.processes) if (peakBytes !== null) this.#registry.sawPeak(pid, peakBytes)
    if (mark.of !== 'round') return
    this.#tellRecords(mark)
    this.#roundEnded(mark.round)
  }

  #tellRecords(mark: Mark | ObservedMark): void {
    if (this.#recordListeners.length === 0) return
    const records = roundRecords([...this.#inexactStarts, mark], [], this.#registry.all())
    for (const listener of this.#recordListeners) listener(records)
  }

  #roundEnded(round: number): void {
    for (const listener of this.#roundListeners) listener(round)
  }

  /** Appends a line in one write, because programs append to the same file. */
  #append(file: string, line: string): void {
    if (this.#failure !== null) return
    try {
      appendTo(file, `${line}\n`)
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
      this.#fail(cannotWrite(file, messageOf(error)))
    }
  }

  #fail(error: TidemarkError): void {
    if (this.#failure !== null) return
    this.#failure = error
    for (const listener of this.#failureListeners) listener(error)
  }
}

/** Appends to a file. A pipe in its place must not block the open until it has a reader. */
function appendTo(file: string, text: string): void {
  const descriptor = openSync(
    file,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK,
    0o666,
  )
  try {
    if (!fstatSync(descriptor).isFile()) throw Object.assign(new Error('it is no file any more'), { code: 'ENXIO' })
    writeSync(descriptor, text)
  } finally {
    closeSync(descriptor)
  }
}

const TOO_MANY_MARKS = `A line of marks was not looked at: there were more than ${MOST_MARKS}, and ${MOST_MARKS_A_SECOND} for each second.`

/** Age up to which a write counts as fresh: the kernel rounds its time to a tick, 10 ms at most. */
const JUST_WRITTEN_MS = 20

function wasJustWritten(file: string): boolean {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= JUST_WRITTEN_MS
}

function cannotWrite(file: string, problem: string): TidemarkError {
  return new TidemarkError(`the recording can no longer be written (${file}): ${problem}`, {
    fix: 'What was recorded until then is kept and can be read. Make room and record again.',
  })
}
