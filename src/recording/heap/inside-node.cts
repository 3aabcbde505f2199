/**
 * Loaded into Node programs by `--heap-diff` through NODE_OPTIONS (heap-order.ts). It samples
 * allocations with V8's heap profiler. After the rounds of the order it writes what is live by
 * function, and a heap snapshot at the first and the last of them. It does nothing if TIDEMARK_HEAP
 * names no order, and needs only Node's own modules.
 */
import fs = require('node:fs')
import inspector = require('node:inspector')
import net = require('node:net')
import nodeModule = require('node:module')
import path = require('node:path')
import v8 = require('node:v8')
import vm = require('node:vm')
import threads = require('node:worker_threads')

interface Order {
  marksFile: string
  wanted: number[]
  snapshotFolder: string
  isRelative: boolean
  recorderPid: number
}

const POLL_MS = 20
/** Mean bytes between two samples; V8 scales the samples to the total. */
const SAMPLING_BYTES = 16_384
const STACK_DEPTH = 48
const MOST_PROCESSES = 32
/** Heaps above this size are not written: the program would stand still for ten seconds or more. */
const LARGEST_HEAP = 2 ** 30
const TOO_LARGE = 'no heap snapshot was written, because the heap was larger than 1 GiB: constructors are not known'

function readOrder(folder: string): Order | undefined {
  try {
    if (fs.readdirSync(folder).filter((name) => name.endsWith('.process.json')).length >= MOST_PROCESSES) {
      fs.writeFileSync(path.join(folder, 'too-many-processes'), '')
      return undefined
    }
    return JSON.parse(fs.readFileSync(path.join(folder, 'order.json'), 'utf8'))
  } catch {
    return undefined // the process outlived its recording
  }
}

class Measurement {
  readonly #folder: string
  readonly #order: Order
  readonly #session = new inspector.Session()
  /** Looks as JSON text, because objects of ours would show among the constructors. */
  readonly #takes: Record<number, string> = {}
  readonly #history: [number, number][] = []
  readonly #notes: string[] = []
  readonly #readNow = fs.readFileSync
  #completed = { own: 0, others: 0 }
  #first: number | undefined
  #leader: number | undefined
  #position = 0
  #floorBytes = Number.POSITIVE_INFINITY
  #isTaking = false
  #isAppending = false
  #sawRecorder: boolean | undefined
  #retakes = 0
  #isDone = false

  constructor(folder: string, order: Order) {
    this.#folder = folder
    this.#order = order
  }

  get isDone(): boolean {
    return this.#isDone
  }

  start(): void {
    keepFunctionsApart()
    this.#session.connect()
    this.#session.post('HeapProfiler.startSampling', { samplingInterval: SAMPLING_BYTES, stackDepth: STACK_DEPTH })
    this.#write()
    this.#hookAppends()
    let ticks = 0
    const timer = setInterval(() => {
      if (!this.#isDone && ++ticks % 10 === 0 && !this.#isRecorded()) this.#stop()
      if (this.#isDone) clearInterval(timer)
      else this.#look(false)
    }, POLL_MS)
    timer.unref()
    process.on('exit', () => {
      this.#look(false)
      this.#write()
    })
  }

  /**
   * Looks before a program appends its mark itself: what is live then is what the round has left.
   */
  #hookAppends(): void {
    const { marksFile } = this.#order
    const functions = fs as unknown as Record<string, (...given: unknown[]) => unknown>
    for (const name of ['appendFileSync', 'appendFile', 'writeFileSync']) {
      const original = functions[name]!
      functions[name] = (...given) => {
        if (given[0] !== marksFile || this.#isAppending) return original.apply(fs, given)
        this.#look(true)
        this.#isAppending = true // appendFileSync calls writeFileSync
        try {
          return original.apply(fs, given)
        } finally {
          this.#isAppending = false
        }
      }
    }
    nodeModule.syncBuiltinESMExports()
  }

  get #rounds(): number {
    return this.#completed.own || this.#completed.others
  }

  #look(isBeforeMark: boolean): void {
    if (this.#isDone || this.#isTaking) return
    this.#isTaking = true
    try {
      this.#floorBytes = Math.min(this.#floorBytes, process.memoryUsage.rss())
      const before = this.#rounds
      this.#read()
      const completed = this.#rounds
      if (completed > before) {
        this.#retakes = 0
        this.#history.push([completed, Date.now()])
      }
      const { wanted } = this.#order
      const due = wanted.filter((round) => round <= completed && this.#takes[round] === undefined).at(-1)
      if (due !== undefined) this.#take(due, 'a moment later')
      if (isBeforeMark && wanted.includes(completed + 1) && this.#retakes++ < 8) this.#take(completed + 1, 'at its end')
      if (completed > before) this.#floorBytes = Number.POSITIVE_INFINITY
      const last = wanted.at(-1)!
      if (this.#takes[last] !== undefined && completed >= last) this.#stop()
    } catch (error) {
      this.#notes.push(`measuring stopped after round ${this.#rounds}: ${(error as Error).message}`)
      this.#isDone = true
    } finally {
      this.#isTaking = false
    }
  }

  /**
   * Returns false once the recording has ended, so that a program that outlives it is no longer
   * measured. In a PID namespace of its own the program does not see the recorder.
   */
  #isRecorded(): boolean {
    const recorder = `/proc/${this.#order.recorderPid}`
    this.#sawRecorder ??= fs.existsSync(recorder)
    return !fs.existsSync(path.join(this.#folder, 'ended')) && (!this.#sawRecorder || fs.existsSync(recorder))
  }

  #take(completed: number, when: string): void {
    const began = performance.now()
    const { wanted } = this.#order
    const [isFirst, isLast] = [completed === wanted[0], completed === wanted.at(-1)]
    const snapshot = path.join(this.#order.snapshotFolder, `${process.pid}.round-${completed}.heapsnapshot`)
    // A snapshot takes memory that V8 keeps. The first one precedes the RSS reading and the last
    // one follows it, so that this does not count as growth.
    const isSmall = process.memoryUsage().heapUsed <= LARGEST_HEAP
    if (!isSmall && this.#notes.length === 0) this.#notes.push(TOO_LARGE)
    if (isFirst && isSmall) v8.writeHeapSnapshot(snapshot)
    const residentBytes = process.memoryUsage.rss()
    collect()
    const memory = process.memoryUsage()
    if (isLast && !isFirst && isSmall) v8.writeHeapSnapshot(snapshot) // before the profile, which would show in it
    let profile: inspector.HeapProfiler.SamplingHeapProfile | undefined
    this.#session.post('HeapProfiler.getSamplingProfile', (_, answer) => {
      profile = answer?.profile
    })
    const file = `${process.pid}.take-${completed}.json`
    fs.writeFileSync(path.join(this.#folder, file), JSON.stringify(profile?.head ?? null))
    this.#takes[completed] = JSON.stringify({
      file,
      when,
      residentBytes,
      floorBytes: isFirst ? residentBytes : Math.min(this.#floorBytes, residentBytes),
      trimmedBytes: memory.rss,
      mallocBytes: null,
      ownBytes: 0,
      heapBytes: memory.heapUsed,
      externalBytes: memory.external,
      stoodMs: performance.now() - began,
      ...((isFirst || isLast) && isSmall && { snapshot }),
    })
    this.#write()
  }

  #stop(): void {
    this.#isDone = true
    this.#session.post('HeapProfiler.stopSampling')
    this.#session.disconnect()
    this.#write()
  }

  /** Offset from a count of completed rounds to the number of the last of them. */
  get #offset(): number {
    if (this.#order.isRelative) return this.#first ?? 0
    return this.#first === 0 ? -1 : 0
  }

  #read(): void {
    let text: string
    try {
      text = String(this.#readNow(this.#order.marksFile))
    } catch {
      return
    }
    const end = text.lastIndexOf('\n') + 1
    for (const line of text.slice(this.#position, end).split('\n')) this.#line(line)
    this.#position = end
  }

  #line(line: string): void {
    if (!line.includes('"round"')) return
    let mark: { mark?: string; of?: string; round?: number; pid?: number; role?: string; processes?: { pid: number }[] }
    try {
      mark = JSON.parse(line)
    } catch {
      return
    }
    if (!Number.isInteger(mark.round)) return
    const isObserved = mark.mark === 'observed' && mark.of === 'round'
    if (mark.mark !== 'round' && !isObserved) return
    const pids = isObserved ? (mark.processes ?? []).map(({ pid }) => pid) : [mark.pid]
    this.#first ??= mark.round!
    const completed = mark.round! - this.#offset
    if (pids.includes(process.pid)) this.#completed.own = Math.max(this.#completed.own, completed)
    else if (mark.role !== 'client' && pids[0] !== undefined) {
      this.#leader ??= pids[0]
      if (pids.includes(this.#leader)) this.#completed.others = Math.max(this.#completed.others, completed)
    }
  }

  #write(): void {
    const known = {
      pid: process.pid,
      executable: process.execPath,
      version: process.version,
      arguments: process.argv,
      folder: process.cwd(),
      engine: 'v8',
      engineNote: null,
      offset: this.#offset,
      completed: this.#rounds,
      wanted: this.#order.wanted,
      takes: Object.fromEntries(Object.entries(this.#takes).map(([round, take]) => [round, JSON.parse(take)])),
      history: this.#history,
      stoppedAfter: this.#isDone ? this.#rounds : null,
      freedByStopBytes: null,
      notes: this.#notes,
    }
    const file = path.join(this.#folder, `${process.pid}.process.json`)
    try {
      fs.writeFileSync(`${file}.new`, JSON.stringify(known))
      fs.renameSync(`${file}.new`, file)
    } catch {} // full disk: the program continues, and the recorder reports what is missing
  }
}

/**
 * Keeps V8 from compiling functions into their callers from now on: an allocation of theirs would
 * count as the caller's, which may be the whole file. The releases of Node below have the flags; V8
 * prints an error for one that it does not know.
 */
function keepFunctionsApart(): void {
  if (![20, 22, 24, 26].includes(Number.parseInt(process.versions.node, 10))) return
  v8.setFlagsFromString('--no-turbo-inlining')
  v8.setFlagsFromString('--no-maglev-inlining')
}

/** Runs a full collection, so that what is left is live. */
function collect(): void {
  v8.setFlagsFromString('--expose-gc')
  const gc = vm.runInNewContext('gc') as () => void
  gc()
}

/**
 * Waits for `tidemark attach --heap-diff` on a Unix socket with an abstract name. A line from it
 * names the folder with the order. Only an order of this user or root is carried out.
 */
function wait(): void {
  const name = `tidemark-heap/${process.pid}/`.padEnd(107, '-')
  const server = net.createServer((client) => {
    client.on('error', () => {})
    client.setTimeout(5000, () => client.destroy())
    client.once('data', (asked) => client.end(`${JSON.stringify(answer(String(asked).trimEnd()))}\n`))
  })
  server.on('error', () => {}) // Node without abstract names: attach reports that nothing answers
  server.listen({ path: `\0${name}` })
  server.unref()
}

let current: Measurement | undefined

function answer(folder: string): { engine: string } | { error: string } {
  try {
    const { uid } = fs.statSync(path.join(folder, 'order.json'))
    if (uid !== process.geteuid?.() && uid !== 0) return { error: 'the order is of another user' }
    if (current?.isDone === false) return { error: 'another recording measures this process' }
    const order = readOrder(folder)
    if (order === undefined) return { error: `the order in ${folder} cannot be read or carried out` }
    current = new Measurement(folder, order)
    current.start()
    return { engine: 'v8' }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

// This stands at the end because a class is not available before its declaration.
const folder = process.env.TIDEMARK_HEAP
if (threads.isMainThread && folder !== undefined && folder !== '') {
  if (folder === 'on-demand') wait()
  else {
    const order = readOrder(folder)
    if (order !== undefined) new Measurement(folder, order).start()
  }
}
