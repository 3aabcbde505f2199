import { StringDecoder } from 'node:string_decoder'

/**
 * Maximum length of a line. Text further right says nothing about rounds, and a program that never
 * ends its line must not fill the memory.
 */
const LONGEST_LINE = 16_384

/**
 * Splits output into lines for reading. It removes colours and other control sequences; a carriage
 * return ends a line too.
 */
export class LogLines {
  readonly #decoder = new StringDecoder('utf8')
  #partial = ''

  write(chunk: Uint8Array | string): string[] {
    const text =
      typeof chunk === 'string' ? chunk : this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
    const whole = this.#partial + text
    // Avoid the regular expression where possible: it takes several times as long per line, and
    // logs of a GB are read while the program runs.
    const lines = whole.includes('\r') ? whole.split(/\r\n|\n|\r(?!$)/) : whole.split('\n')
    this.#partial = lines.pop()!.slice(0, LONGEST_LINE)
    return lines.map(plain)
  }

  /** Returns the last line, if it had no newline. */
  end(): string[] {
    const rest = this.#partial + this.#decoder.end()
    this.#partial = ''
    return rest === '' ? [] : [plain(rest)]
  }
}

/**
 * Control sequences (including colours) and commands to the terminal such as its title; ECMA-48,
 * 5.4 and 5.6.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g

function plain(line: string): string {
  const start = line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line
  return start.includes('\x1b') ? start.replaceAll(CONTROL, '') : start
}
