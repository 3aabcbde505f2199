import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { catchesSignal } from '../../linux/process/caught-signals.js'
import { readCommandLine } from '../../linux/process/command-line.js'
import { readVariable } from '../../linux/process/environment.js'
import { memoryOf, readProcessStatus } from '../../linux/process/process-status.js'
import { messageOf } from '../../shared/errors.js'
import type { Take } from './heap-growth.js'

const OPTION = /^--heapsnapshot-signal=?(SIG\w+)?$/
const FOLDER_OPTION = /^--diagnostic-dir=(.+)$/
const POLL_MS = 50
/**
 * Timeout of a snapshot that does not get larger. The process may be busy before it handles the
 * signal.
 */
const STALLED_AFTER_MS = 60_000

/** A Node process that writes a heap snapshot when it gets a signal. */
export interface SignalledNode {
  pid: number
  signal: NodeJS.Signals
  /** Folder into which it writes, as seen from here. */
  folder: string
}

/**
 * Finds out whether a process was started with `--heapsnapshot-signal` and handles that signal;
 * one that does not would be ended by it.
 */
export function signalledNode(pid: number): SignalledNode | undefined {
  const words = [...(readCommandLine(pid) ?? []), ...(readVariable(pid, 'NODE_OPTIONS') ?? '').split(' ')]
  const at = words.findIndex((word) => OPTION.test(word))
  if (at < 0) return undefined
  const signal = (OPTION.exec(words[at]!)![1] ?? words[at + 1] ?? '') as NodeJS.Signals
  if (constants.signals[signal] === undefined || !catchesSignal(pid, signal)) return undefined
  const named = words.map((word) => FOLDER_OPTION.exec(word)?.[1]).find((folder) => folder !== undefined)
  // Resolved in the process's own view of the file system, which may be a container's.
  const cwd = `/proc/${pid}/cwd`
  return {
    pid,
    signal,
    folder: named === undefined ? cwd : named.startsWith('/') ? `/proc/${pid}/root${named}` : join(cwd, named),
  }
}

/**
 * Has a Node process write a heap snapshot after the wanted rounds, counted from the first whose
 * end is seen, and leaves them in the folder as the module inside a program does.
 */
export class SignalledMeasurement {
  readonly #node: SignalledNode
  readonly #folder: string
  readonly #recording: string
  readonly #wanted: number[]
  readonly #takes: Record<number, Take & { snapshot: string }> = {}
  readonly #notes: string[] = []
  #first: number | undefined
  #completed = 0
  #isTaking = false

  /** @param rounds look after this many rounds and after twice as many */
  constructor(
    node: SignalledNode,
    { folder, recording, rounds }: { folder: string; recording: string; rounds: number },
  ) {
    this.#node = node
    this.#folder = folder
    this.#recording = resolve(recording)
    this.#wanted = [rounds, 2 * rounds]
    this.#write()
  }

  /** Takes in that the process has ended a round. */
  roundEnded(round: number): void {
    this.#first ??= round
    this.#completed = Math.max(this.#completed, round - this.#first)
    const due = this.#wanted.find((wanted) => wanted <= this.#completed && this.#takes[wanted] === undefined)
    if (due === undefined || this.#isTaking || this.#notes.length > 0) return
    this.#isTaking = true
    this.#take(due)
      .catch((error: unknown) =>
        this.#notes.push(`no heap snapshot after round ${this.#completed}: ${messageOf(error)}`),
      )
      .finally(() => {
        this.#isTaking = false
        this.#write()
      })
  }

  async #take(wanted: number): Promise<void> {
    const { pid, signal } = this.#node
    const isFirst = wanted === this.#wanted[0]
    const before = this.#residentBytes()
    const began = performance.now()
    const known = new Set(this.#snapshots())
    process.kill(pid, signal)
    const written = await this.#whenWritten(known)
    const snapshot = join(this.#recording, `${pid}.round-${wanted}.heapsnapshot`)
    copyFileSync(written, snapshot)
    rmSync(written, { force: true })
    // Writing takes memory that V8 keeps, so the first reading is after it and the last before it.
    const residentBytes = isFirst ? this.#residentBytes() : before
    this.#takes[wanted] = {
      when: 'a moment later',
      residentBytes,
      floorBytes: residentBytes,
      trimmedBytes: null,
      mallocBytes: null,
      ownBytes: 0,
      stoodMs: performance.now() - began,
      snapshot,
    }
  }

  #residentBytes(): number {
    const status = readProcessStatus(this.#node.pid)
    if (status.kind !== 'read') throw new Error('the process has ended')
    return memoryOf(status).rssBytes
  }

  #snapshots(): string[] {
    return readdirSync(this.#node.folder).filter((name) => name.endsWith('.heapsnapshot'))
  }

  async #whenWritten(known: ReadonlySet<string>): Promise<string> {
    let size = 0
    let until = performance.now() + STALLED_AFTER_MS
    while (performance.now() < until) {
      this.#residentBytes()
      const name = this.#snapshots().find((one) => !known.has(one))
      if (name !== undefined) {
        const file = join(this.#node.folder, name)
        const end = endOf(file)
        if (end.isWhole) return file
        if (end.size > size) until = performance.now() + STALLED_AFTER_MS
        size = end.size
      }
      await pause(POLL_MS)
    }
    throw new Error(
      `nothing was written to ${readlinkSync(`/proc/${this.#node.pid}/cwd`)} for ${STALLED_AFTER_MS / 1000} s after ${this.#node.signal}`,
    )
  }

  #write(): void {
    const { pid } = this.#node
    const known = {
      pid,
      executable: 'node',
      version: '',
      arguments: readCommandLine(pid) ?? [],
      folder: null,
      engine: 'v8',
      engineNote: null,
      offset: this.#first ?? 0,
      completed: this.#completed,
      wanted: this.#wanted,
      takes: this.#takes,
      freedByStopBytes: null,
      notes: this.#notes,
    }
    try {
      writeFileSync(join(this.#folder, `${pid}.process.json`), JSON.stringify(known))
    } catch {} // full disk: the reader says what is missing
  }
}

/** Returns whether a snapshot is written to its end, which is the end of its list of strings. */
function endOf(file: string): { size: number; isWhole: boolean } {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const end = Buffer.alloc(Math.min(size, 16))
    readSync(descriptor, end, 0, end.length, size - end.length)
    return { size, isWhole: /\]\s*\}\s*$/.test(end.toString('latin1')) }
  } finally {
    closeSync(descriptor)
  }
}
