import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'

/** At 1000 Hz ten samples go in one write; up to 100 Hz each is written at once. A crash loses no more than this. */
const LONGEST_DELAY_MS = 10
const LARGEST_BUFFER = 65_536

/**
 * Appends samples to `samples.ndjson`: one JSON array a line, `[timeMs, pid, rssBytes, pid, rssBytes, ...]`. What waits to
 * be written is bounded; a slow disk delays the next sample and does not fill the memory.
 */
export class SampleLog {
  readonly #descriptor: number
  #pending = ''
  #flushedMs = 0
  /** Bytes of whole lines in the file. */
  #length = 0

  /** @throws the system's error when the file cannot be made */
  constructor(file: string) {
    this.#descriptor = openSync(file, 'w')
  }

  /** @throws the system's error when the disk is full; the file then ends with its last whole line */
  append(timeMs: number, rss: readonly (readonly [pid: number, rssBytes: number])[]): void {
    let line = `[${timeMs.toFixed(2)}`
    for (const [pid, rssBytes] of rss) line += `,${pid},${rssBytes}`
    this.#pending += `${line}]\n`
    if (timeMs - this.#flushedMs >= LONGEST_DELAY_MS || this.#pending.length >= LARGEST_BUFFER) this.flush(timeMs)
  }

  flush(timeMs: number): void {
    const bytes = Buffer.from(this.#pending, 'latin1')
    this.#pending = ''
    this.#flushedMs = timeMs
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written)
    } catch (error) {
      ftruncateSync(this.#descriptor, this.#length)
      throw error
    }
    this.#length += bytes.length
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
