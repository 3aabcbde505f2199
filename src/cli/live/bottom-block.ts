import { writeStyled } from '../output/terminal.js'

/**
 * A block of lines at the bottom of a terminal that other programs write to as well. A measured
 * command prints past us, so the block cannot be erased and printed again. Instead, the lines above
 * it become the scrolling region (DECSTBM), as apt does it; the block is painted below, and the
 * cursor returns to where the others left it.
 */
export interface BottomBlock {
  /** Lines available for the block now; 0 where the terminal is too small for one. */
  readonly lines: number
  readonly columns: number
  /** Replaces the block. Text from outside must be escaped already. */
  paint(lines: readonly string[]): void
  /** Removes the block and restores the terminal. */
  close(): void
}

const ESCAPE = '\u001b'
const SAVE = `${ESCAPE}7`
const RESTORE = `${ESCAPE}8`
const ERASE_LINE = `${ESCAPE}[2K`
const NO_WRAP = `${ESCAPE}[?7l`
const WRAP = `${ESCAPE}[?7h`

/** Lines that stay with the command; with fewer there is no block. */
const LEFT_TO_COMMAND = 6

/**
 * Makes a block.
 *
 * @param stream a terminal; its size is read at every paint
 */
export function bottomBlock(stream: NodeJS.WriteStream, wantedLines: number): BottomBlock {
  const write = (text: string) => writeStyled(stream, text)
  /** Lines that are reserved at the bottom now (0: none), and the terminal's rows at that time. */
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
    // Scrolls the present content up, so that the block covers nothing.
    write(`${'\n'.repeat(lines)}${ESCAPE}[${lines}A${SAVE}${ESCAPE}[1;${rows - lines}r${RESTORE}`)
    reserved = { lines, rows }
  }
  // On Ctrl-Z the shell gets back the whole terminal.
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
