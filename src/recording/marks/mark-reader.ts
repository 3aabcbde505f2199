import { statSync } from 'node:fs'
import type { FollowedFile } from '../../launch/follow-file.js'
import { followLines } from '../../launch/follow-lines.js'
import { nowMs } from '../../shared/clock.js'
import type { Mark } from '../../shared/marks.js'
import { type BareMark, parseMarkLine } from './mark-lines.js'

/**
 * Maximum number of mark lines that are read, plus so many for each second. Rounds take longer, and
 * a program that writes marks without end must not keep the recorder busy.
 */
const MOST_MARKS = 100_000
const MOST_MARKS_A_SECOND = 100
const MOST_MARK_BYTES = 2 ** 30
/** Age up to which a write counts as fresh: the kernel rounds its time to a tick, 10 ms at most. */
const JUST_WRITTEN_MS = 20

const TOO_MANY_MARKS = `A line of marks was not looked at: there were more than ${MOST_MARKS}, and ${MOST_MARKS_A_SECOND} for each second.`

export interface MarkReaderOptions {
  /** Whether to read only at the start and when `readNow` is called. */
  whenAsked: boolean
  /** Translates the pid of a program in a container. */
  outerPid(pid: number): number
  onMark(mark: Mark): void
  /** @param how.isFresh whether the program wrote the mark a moment ago */
  onBareMark(mark: BareMark, how: { isFresh: boolean }): void
  /** Called for each line beyond the maximum. */
  onSkipped(warning: string): void
}

/** Reads the marks that programs append to `marks.ndjson`, as they appear. */
export class MarkReader {
  /** Whether marks have reported a round. A log then reports the same rounds less exactly. */
  hasRounds = false
  readonly #path: string
  readonly #options: MarkReaderOptions
  readonly #file: FollowedFile
  readonly #startedMs = nowMs()
  #lines = 0

  constructor(path: string, options: MarkReaderOptions) {
    this.#path = path
    this.#options = options
    this.#file = followLines(path, (line) => this.#onLine(line), {
      isOurs: true,
      mostBytes: MOST_MARK_BYTES,
      whenAsked: options.whenAsked,
    })
  }

  readNow(): void {
    this.#file.readNow()
  }

  readAll(): Promise<void> {
    return this.#file.readAll()
  }

  close(): void {
    this.#file.close()
  }

  #onLine(line: string): void {
    if (++this.#lines > MOST_MARKS + (MOST_MARKS_A_SECOND * (nowMs() - this.#startedMs)) / 1000) {
      this.#options.onSkipped(TOO_MANY_MARKS)
      return
    }
    const parsed = parseMarkLine(line)
    if (parsed.kind !== 'bare' && parsed.kind !== 'mark') return
    const { mark } = parsed
    if (mark.pid !== undefined) mark.pid = this.#options.outerPid(mark.pid)
    if (mark.mark === 'round' || (parsed.kind === 'bare' && mark.mark !== 'start')) this.hasRounds = true
    if (parsed.kind === 'mark') this.#options.onMark(parsed.mark)
    else this.#options.onBareMark(parsed.mark, { isFresh: wasJustWritten(this.#path) })
  }
}

function wasJustWritten(file: string): boolean {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= JUST_WRITTEN_MS
}
