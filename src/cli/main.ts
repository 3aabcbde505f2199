#!/usr/bin/env -S sh -c 'while read a b;do case $a in SigI*)break;esac;done</proc/$$/status;TIDEMARK_CALLERS_IGNORED=$b TIDEMARK_CALLERS_OPEN_FILES=$(ulimit -Sn) exec node "$0" "$@"'
import { keepIgnoring } from '../launch/callers-signals.js'
import { UsageError } from '../shared/errors.js'
import { printableLine } from '../shared/printable.js'
import { printError } from './output/print-error.js'
import { escapeFor } from './output/terminal.js'
import { parseCommandLine } from './parsing/parse-command-line.js'
import { unknownVerb, verbs } from './parsing/verbs.js'

/**
 * Whether to end when the reader of the output has gone (`tidemark --help | head`). A measurement
 * continues.
 */
let endsWithItsReader = true

/**
 * Loads the file of the given verb alone, and turns what it returns or throws into the exit code.
 */
async function main(args: string[]): Promise<number> {
  const [first, ...rest] = args
  if (first === undefined) throw new UsageError(`no verb was given\n\n${await overviewText()}`)
  if (first === '--version' || first === '-V') return print((await import('./output/overview.js')).programVersion())
  if (first === '--help' || first === '-h') return print(await overviewText())
  if (first === 'help') return rest[0] === undefined ? print(await overviewText()) : main([rest[0], '--help'])

  // The scripts of `tidemark completion` call this.
  if (first === 'complete') return printCandidates(rest)

  const load = verbs[first]
  if (load === undefined) throw unknownVerb(first)
  const { command } = await load()
  endsWithItsReader = command.onlyPrints === true
  const parsed = parseCommandLine(command, rest, process.env)
  return parsed === 'help' ? print((await import('./output/help.js')).helpOf(command)) : command.run(parsed)
}

/** The texts of the help are loaded on demand: their code would count as memory of a role. */
async function overviewText(): Promise<string> {
  return (await import('./output/overview.js')).overview()
}

async function printCandidates(words: string[]): Promise<number> {
  const { candidates } = await import('./completion/candidates.js')
  const given = words[0] === '--' ? words.slice(1) : words
  const found = await candidates(given.slice(0, -1), given.at(-1) ?? '')
  process.stdout.write(found.map(({ word, note }) => `${printableLine(word)}\t${printableLine(note)}\n`).join(''))
  return 0
}

function cannotWriteOutput(cause: Error): UsageError {
  return new UsageError(`cannot write the output: ${cause.message}`, { cause })
}

function print(text: string): number {
  process.stdout.write(`${text.trimEnd()}\n`)
  return 0
}

/**
 * A reader that has seen enough is no error. An output that cannot be written, such as a file on a
 * full disk, is one, but it ends no measurement.
 */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const isOfReader = error.code === 'EPIPE'
  if (!isOfReader && !process.exitCode) process.exitCode = printError(cannotWriteOutput(error), process.stderr)
  if (endsWithItsReader) process.exit(isOfReader ? 0 : process.exitCode)
})
// There is no other place to report that standard error cannot be written.
process.stderr.on('error', () => {})
// Nothing is left to do. While Node takes itself apart, a signal would end it with another exit
// code than that of its result.
process.once('beforeExit', () => process.exit())
keepIgnoring()
escapeFor(process.stdout)
escapeFor(process.stderr)

try {
  process.exitCode = (await main(process.argv.slice(2))) || process.exitCode
} catch (error) {
  process.exitCode = printError(error, process.stderr)
}
