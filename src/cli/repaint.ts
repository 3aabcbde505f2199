import { createLogUpdate } from 'log-update'
import { writeStyled } from './output/terminal.js'

/**
 * A block of lines at the end of a terminal that is repainted in place. The cursor stays visible,
 * so that SIGKILL leaves the terminal as it was.
 */
export interface RepaintedBlock {
  /**
   * Replaces the block. Text from outside must be escaped already; lines wider than the terminal
   * wrap.
   */
  paint(text: string): void
  /** Prints lines that stay above the block. */
  print(text: string): void
  /** Removes the block. */
  clear(): void
}

/**
 * Makes a block.
 *
 * @param stream a terminal; its width and height are read at every paint
 */
export function repaintedBlock(stream: NodeJS.WriteStream): RepaintedBlock {
  // Bypasses the escaping of the stream, since the cursor movements are our own.
  const terminal = {
    isTTY: true,
    get columns() {
      return stream.columns
    },
    get rows() {
      return stream.rows
    },
    write: (text: string) => {
      writeStyled(stream, text)
      return true
    },
  }
  const update = createLogUpdate(terminal as unknown as NodeJS.WriteStream, { showCursor: true })
  let shown = ''
  return {
    paint: (text) => {
      shown = text
      update(text)
    },
    print: (text) => {
      update.clear()
      writeStyled(stream, `${text}\n`)
      if (shown !== '') update(shown)
    },
    clear: () => {
      shown = ''
      update.clear()
    },
  }
}
