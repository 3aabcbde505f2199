import { StringDecoder } from 'node:string_decoder'

/** What stands further right than this says nothing of rounds; a program that never ends its line must not fill the memory. */
const LONGEST_LINE = 16_384

/** Turns pieces of output into lines for reading: without colours and other control sequences, carriage returns ending a line as well. */
export class LogLines {
  readonly #decoder = new StringDecoder('utf8')
  #partial = ''

  write(chunk: Uint8Array | string): string[] {
    const text =
      typeof chunk === 'string' ? chunk : this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
    const whole = this.#partial + text
    // Logs of a GB are read beside the program; an expression takes several times as long over each of their lines.
    const lines = whole.includes('\r') ? whole.split(/\r\n|\n|\r(?!$)/) : whole.split('\n')
    this.#partial = lines.pop()!.slice(0, LONGEST_LINE)
    return lines.map(plain)
  }

  /** The last line, when it had no newline. */
  end(): string[] {
    const rest = this.#partial + this.#decoder.end()
    this.#partial = ''
    return rest === '' ? [] : [plain(rest)]
  }
}

/** Control sequences (colours among them) and commands to the terminal such as its title; ECMA-48, 5.4 and 5.6. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g

function plain(line: string): string {
  const start = line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line
  return start.includes('\x1b') ? start.replaceAll(CONTROL, '') : start
}
