import { printable, printableLine } from '../../../shared/printable.js'
import { writeStyled } from '../terminal.js'

/** Progress on stderr: one line redrawn on a terminal; otherwise plain lines at a limited rate. */
export interface StatusLine {
  /**
   * Shows the current activity. Without a terminal it prints at most one line every few seconds,
   * except for news.
   */
  show(text: string, isNews?: boolean): void
  /** Prints a line that stays. */
  print(text: string): void
  /** Removes the status. */
  clear(): void
}

const PLAIN_EVERY_MS = 5000

export function statusLine(stream: NodeJS.WriteStream): StatusLine {
  return stream.isTTY ? redrawnLine(stream) : plainLines(stream)
}

const ERASE = '\r\u001b[2K'

function redrawnLine(stream: NodeJS.WriteStream): StatusLine {
  let shown = ''
  return {
    show: (text) => {
      shown = printableLine(text).slice(0, Math.max(20, stream.columns - 1))
      writeStyled(stream, `${ERASE}${shown}`)
    },
    print: (text) => writeStyled(stream, `${ERASE}${printable(text)}\n${shown}`),
    clear: () => {
      shown = ''
      writeStyled(stream, ERASE)
    },
  }
}

function plainLines(stream: NodeJS.WriteStream): StatusLine {
  let lastMs = Number.NEGATIVE_INFINITY
  const print = (text: string) => {
    lastMs = performance.now()
    stream.write(`${text}\n`)
  }
  return {
    show: (text, isNews = false) => {
      if (isNews || performance.now() - lastMs >= PLAIN_EVERY_MS) print(text)
    },
    print,
    clear: () => {},
  }
}
