import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import type { FolderLock } from '../linux/files/folder-lock.js'
import type { CgroupPlace } from '../linux/memory/cgroup.js'
import { countOomKills, oomVictims } from '../linux/memory/out-of-memory.js'
import { readProcessStat } from '../linux/process/process-stat.js'
import { nowMs } from '../shared/clock.js'
import type { Mark, StartMark } from '../shared/marks.js'
import { MarkReader } from './marks/mark-reader.js'
import type { ObservedMark } from './marks/observed-mark.js'
import { type PeakReader, PeakReaders } from './peaks/peak-readers.js'
import type { TreeRound, TreeRounds } from './peaks/tree-rounds.js'
import { NewChildren } from './processes/new-children.js'
import { Observer, type RoundEvent } from './processes/observer.js'
import { ProcessRegistry } from './processes/process-registry.js'
import { type LimitNow, RecordedCgroup } from './processes/recorded-cgroup.js'
import type { ProcessToRecord, RecorderEvents, RecorderHandle, RecordingOptions, Span } from './recorder-handle.js'
import type { ProcessExit, RecordedProcess, RecordingMetadata, SamplingFacts } from './recording.js'
import { correctLastRounds } from './rounds/correct-last-rounds.js'
import { RoundProgress } from './rounds/round-progress.js'
import { roundRecords } from './rounds/rounds.js'
import { type SamplerHandle, startSampler } from './sampling/sampler.js'
import { type FromSampler, type SampledProcess, STATUS_INTERVALS } from './sampling/sampler-protocol.js'
import { newHead } from './storage/metadata-writer.js'
import { startPssLog } from './storage/pss-log.js'
import { MARKS_FILE, makeRecordingFiles, SAMPLES_FILE } from './storage/recording-files.js'
import { RecordingWriter } from './storage/recording-writer.js'

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

class Recorder extends EventEmitter<RecorderEvents> implements RecorderHandle {
  readonly folder: string
  readonly marksFile: string
  /** Resolves when the sampling thread is up: processes added from then on are read at once. */
  readonly ready: Promise<void>
  readonly #isAttached: boolean
  readonly #areMarksWhole: boolean
  readonly #oomKillsBefore = countOomKills()
  readonly #head: RecordingMetadata
  readonly #writer: RecordingWriter
  readonly #registry: ProcessRegistry
  readonly #sampler: SamplerHandle
  readonly #observer: Observer
  readonly #peakReaders: PeakReaders
  readonly #marks: MarkReader
  /** Null if only the processes that are added are recorded. */
  readonly #newChildren: NewChildren | null
  readonly #shared: { stop(): void } | null
  /** Start marks of processes whose peaks cannot be reset. */
  readonly #inexactStarts: StartMark[] = []
  readonly #progress = new RoundProgress()
  #latest = new Map<number, number>()
  readonly #cgroup: RecordedCgroup
  #hasWarnedOfBoth = false
  #finished: Promise<RecordingMetadata> | null = null

  constructor(
    options: RecordingOptions,
    head: RecordingMetadata,
    { marksFile, lock }: { marksFile: string; lock: FolderLock },
  ) {
    super()
    const { latestIntervalMs = 1000 } = options
    this.folder = options.folder
    this.marksFile = marksFile
    this.#head = head
    this.#isAttached = options.isAttached ?? false
    this.#cgroup = new RecordedCgroup({ isAttached: this.#isAttached })
    this.#areMarksWhole = options.areMarksWhole ?? false
    this.#registry = new ProcessRegistry(options.roles ?? [])
    this.#newChildren = (options.tree ?? null) === null ? null : new NewChildren()
    this.#writer = new RecordingWriter(head, {
      folder: options.folder,
      marksFile,
      lock,
      processes: () => this.#registry.all(),
      onFailure: (error) => this.emit('failure', error),
    })
    this.#sampler = startSampler(
      {
        samplesFile: join(options.folder, SAMPLES_FILE),
        intervalMs: 1000 / options.rateHz,
        tree: options.tree ?? null,
        statusIntervals: STATUS_INTERVALS,
        rssLimitBytes: options.rssLimitBytes ?? null,
        latestIntervalMs,
      },
      (message) => this.#onSampler(message),
      (error) => this.#writer.fail(error),
    )
    this.ready = this.#sampler.ready
    const resetPeaks = options.resetPeaks ?? true
    this.#peakReaders = new PeakReaders({
      live: () => this.#registry.running(),
      mayReset: resetPeaks && !this.#areMarksWhole,
      onPeak: (pid, peakBytes) => this.#registry.sawPeak(pid, peakBytes),
    })
    this.#observer = new Observer({
      resetPeaks,
      peakReaders: this.#peakReaders,
      onBoundary: (round) => this.#cgroup.tree?.roundEnded(round),
      live: () => {
        this.#registry.renameLive()
        return this.#registry.live()
      },
      findNew: () => this.#newChildren?.addTo(this.#registry, this.#sampler) ?? [],
      all: () => this.#registry.all(),
      append: (mark) => this.#appendObserved(mark),
      warn: (message) => this.warn(message),
      onUnread: (round) => {
        this.#progress.roundUnread(round)
        this.emit('round', round)
      },
      onMissed: (round) => {
        this.#progress.roundUnread(round)
        this.#writer.warnOfMissed(round)
      },
    })
    this.#marks = new MarkReader(marksFile, {
      whenAsked: this.#areMarksWhole,
      outerPid: (pid) => this.#registry.outerPid(pid),
      onMark: (mark) => this.#onMark(mark),
      onBareMark: (mark, how) => {
        this.#registry.namedByMark(mark)
        const { mark: kind, round, pid } = mark
        if (kind === 'round' && round !== undefined && pid !== undefined) this.#progress.roundEnded(round, [pid])
        this.#observer.onBareMark(mark, how)
      },
      onSkipped: (warning) => this.warn(warning),
    })
    this.#shared =
      options.sharedIntervalMs === undefined
        ? null
        : startPssLog({
            intervalMs: options.sharedIntervalMs,
            live: () => this.#registry.running(),
            append: (line) => this.#writer.appendShared(JSON.stringify(line)),
          })
  }

  add({ pid, role, name, command, isNamedByCommand = false }: ProcessToRecord): void {
    const stat = readProcessStat(pid)
    const startTicks = stat.kind === 'read' ? stat.startTicks : 0
    const parentPid = stat.kind === 'read' ? stat.parentPid : null
    if (this.#isAttached) this.#observer.beginAttached({ pid, startTicks })
    this.#registry.add({ pid, startTicks, parentPid, role, name, command, isNamedByCommand, firstSeenMs: nowMs() })
    this.#sampler.add({ pid, startTicks })
    if (!this.#cgroup.isKnown) this.#updateCgroup({ isDue: true })
    this.#writer.saveSoon()
  }

  exited(pid: number, exit: ProcessExit): void {
    // Read the marks first: code that reports the end should know how far the process came.
    if (this.#finished === null) this.#marks.readNow()
    const { code, signal, outOfMemory = false } = exit
    this.#registry.exited(pid, { code, signal, outOfMemory })
    this.#progress.ended(pid)
    this.#writer.saveSoon()
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

  warn(message: string): void {
    this.#writer.warn(message)
  }

  workIsDone(): void {
    void this.#observer.finish().then(() => this.emit('workDone'))
  }

  peakReader(): PeakReader {
    return this.#peakReaders.open()
  }

  recordCgroup(place: CgroupPlace, { isNew }: { isNew: boolean }): void {
    const append = (round: TreeRound) => this.#writer.appendMark(JSON.stringify(round))
    if (!this.#cgroup.use(place, { isNew, append }).hasPeak)
      this.warn(
        'The kernel keeps no peak of this cgroup (memory.peak is there from Linux 5.19 on): the peak of the tree is sampled.',
      )
    this.#updateCgroup({ isDue: true })
  }

  limit(): LimitNow {
    return this.#cgroup.limit(this.#registry)
  }

  get tree(): TreeRounds | null {
    return this.#cgroup.tree
  }

  copyMark(line: string): void {
    this.#writer.appendMark(line)
  }

  onRoundEvent(event: RoundEvent): void {
    this.#marks.readNow() // a program that writes both says it there first
    if (!this.#marks.hasRounds) {
      this.#observer.onRoundEvent(event)
      return
    }
    if (!this.#hasWarnedOfBoth)
      this.warn('The program writes marks, so rounds are theirs; lines that fit --rounds are not used.')
    this.#hasWarnedOfBoth = true
  }

  finish(state: RecordingMetadata['state'], reason: string | null, span?: Span): Promise<RecordingMetadata> {
    this.#writer.close()
    this.#finished ??= this.#finish(state, reason, span)
    return this.#finished
  }

  async #finish(state: RecordingMetadata['state'], reason: string | null, span?: Span): Promise<RecordingMetadata> {
    await this.#marks.readAll()
    await this.#observer.finish()
    this.#marks.close()
    this.#newChildren?.close()
    this.#shared?.stop()
    this.#cgroup.tree?.close()
    await this.#sampler.stop()
    this.#correctLastRounds()
    this.#registry.killedByKernel(
      (pids) => oomVictims(pids, this.#oomKillsBefore),
      (pid) => this.#progress.roundOf(pid),
    )
    return this.#writer.finish(state, reason, span)
  }

  #correctLastRounds(): void {
    if (!this.#writer.isWhole) return
    const corrected = correctLastRounds(this.#observer.lastRounds(), {
      processes: this.#registry.all(),
      samplesFile: join(this.folder, SAMPLES_FILE),
    })
    for (const mark of corrected) this.#writer.appendMark(JSON.stringify(mark))
  }

  #onSampler(message: FromSampler): void {
    switch (message.kind) {
      case 'found':
      case 'renamed':
      case 'gone':
        this.#merge(message.process, message.kind === 'gone')
        this.#writer.saveSoon()
        break
      case 'latest':
        this.#latest = new Map(message.rss)
        this.#peakReaders.sampled(this.#latest)
        this.#registry.lookUpAllocators()
        this.emit('latest', message.timeMs, this.#latest)
        if (this.#areMarksWhole && this.#finished === null) this.#marks.readNow() // it is awake now: one timer less
        break
      case 'progress':
      case 'stopped':
        for (const process of message.processes)
          this.#registry.merge(process, { isGone: false, isLast: message.kind === 'stopped' })
        this.#noteSampling(message.sampling)
        if (message.treePeak !== null) this.#head.treePeak = message.treePeak
        this.#updateCgroup(message.kind === 'stopped' ? { isDue: true } : {})
        if (message.kind === 'progress') this.#writer.save()
        break
      case 'over-limit':
        this.emit('overLimit', message.rssBytes)
        break
      case 'failed':
        this.#writer.samplesFailed(message.message)
        break
    }
  }

  #noteSampling(sampling: SamplingFacts): void {
    const { loop } = sampling
    this.#head.sampling = sampling
    if (loop !== undefined) this.#head.machine = { ...this.#head.machine, samplingLoop: loop }
  }

  #merge(sampled: SampledProcess, isGone: boolean): void {
    const process = this.#registry.merge(sampled, { isGone })
    if (!isGone) return
    this.#progress.ended(process.pid)
    this.#peakReaders.ended(process)
    this.#latest.delete(process.pid)
    this.emit('gone', process.pid)
  }

  #onMark(mark: Mark): void {
    this.#registry.onMark(mark)
    this.#peakReaders.onMark(mark)
    this.emit('mark', mark)
    if (mark.mark === 'start' && !mark.exactPeaks) this.#inexactStarts.push(mark)
    if (mark.mark !== 'round') return
    this.#cgroup.tree?.roundEnded(mark.round)
    this.#progress.roundEnded(mark.round, [mark.pid])
    this.#reportRecords(mark)
    this.emit('round', mark.round)
  }

  #updateCgroup(how: { isDue?: boolean }): void {
    const cgroup = this.#cgroup.update(this.#registry, how)
    if (cgroup !== undefined) this.#head.cgroup = cgroup
  }

  #appendObserved(mark: ObservedMark): void {
    this.#writer.appendMark(JSON.stringify(mark))
    // The sampling thread may not have read the peak that the reset cleared.
    for (const { pid, peakBytes } of mark.processes) if (peakBytes !== null) this.#registry.sawPeak(pid, peakBytes)
    if (mark.of !== 'round') return
    this.#progress.roundEnded(
      mark.round,
      mark.processes.map(({ pid }) => pid),
    )
    this.#reportRecords(mark)
    this.emit('round', mark.round)
  }

  #reportRecords(mark: Mark | ObservedMark): void {
    if (this.listenerCount('roundRecords') === 0) return
    this.emit('roundRecords', roundRecords([...this.#inexactStarts, mark], [], this.#registry.all()))
  }
}
