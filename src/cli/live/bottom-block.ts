import { writeStyled } from '../output/terminal.js'

/**
 * A block of lines at the bottom of a terminal that others write to as well: a measured command prints past us, so that
 * nothing could be erased and printed again. The lines above it are made the region that scrolls (DECSTBM), as apt does;
 * the block is painted below it, and the cursor is put back where the others left it.
 */
export interface BottomBlock {
  /** Lines there are for the block now; 0 where the terminal is too small for one. */
  readonly lines: number
  readonly columns: number
  /** Replaces the block. Text from outside must be escaped already. */
  paint(lines: readonly string[]): void
  /** Takes the block away and gives the terminal back. */
  close(): void
}

const ESCAPE = '\u001b'
const SAVE = `${ESCAPE}7`
const RESTORE = `${ESCAPE}8`
const ERASE_LINE = `${ESCAPE}[2K`
const NO_WRAP = `${ESCAPE}[?7l`
const WRAP = `${ESCAPE}[?7h`

/** Lines that the command keeps to itself; with fewer there is no block. */
const LEFT_TO_COMMAND = 6

/** @param stream a terminal; its size is asked for at every paint */
export function bottomBlock(stream: NodeJS.WriteStream, wantedLines: number): BottomBlock {
  const write = (text: string) => writeStyled(stream, text)
  /** Lines that are set aside at the bottom now, and the terminal's rows then; 0: none. */
  let reserved = { lines: 0, rows: 0 }
  const release = () => {
    if (reserved.lines === 0) return
    const { lines, rows } = reserved
    const erased = Array.from({ length: lines }, (_, i) => `${ESCAPE}[${rows - lines + 1 + i};1H${ERASE_LINE}`)
    write(`${SAVE}${ESCAPE}[r${erased.join('')}${RESTORE}`)
    reserved = { lines: 0, rows: 0 }
  }
  const linesNow = () => Math.max(0, Math.min(wantedLines, (stream.rows ?? 0) - LEFT_TO_COMMAND))
  const reserve = () => {
    const { rows } = stream
    const lines = linesNow()
    if (reserved.lines === lines && reserved.rows === rows) return
    release()
    if (lines < 1) return
    // Scrolls what stands there up, so that the block covers nothing.
    write(`${'\n'.repeat(lines)}${ESCAPE}[${lines}A${SAVE}${ESCAPE}[1;${rows - lines}r${RESTORE}`)
    reserved = { lines, rows }
  }
  // Stopped by Ctrl-Z, the shell gets its terminal whole.
  const onStop = () => release()
  if (process.listenerCount('SIGTSTP') > 0) process.prependListener('SIGTSTP', onStop)
  process.on('exit', release)
  return {
    get lines() {
      return linesNow()
    },
    get columns() {
      return stream.columns ?? 80
    },
    paint: (lines) => {
      reserve()
      if (reserved.lines === 0) return
      const top = reserved.rows - reserved.lines + 1
      const painted = Array.from(
        { length: reserved.lines },
        (_, i) => `${ESCAPE}[${top + i};1H${ERASE_LINE}${lines[i] ?? ''}`,
      )
      write(`${SAVE}${NO_WRAP}${painted.join('')}${WRAP}${RESTORE}`)
    },
    close: () => {
      process.off('SIGTSTP', onStop)
      process.off('exit', release)
      release()
    },
  }
}
