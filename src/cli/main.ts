#!/usr/bin/env -S sh -c 'TIDEMARK_CALLERS_OPEN_FILES=$(ulimit -Sn) exec node "$0" "$@"'
import { UsageError } from '../errors.js'
import { parseCommandLine } from './bind-options.js'
import { overview, programVersion } from './overview.js'
import { printError } from './print-error.js'
import { unknownVerb, verbs } from './verbs.js'

/** Looks at the verb, loads that verb's file alone, and turns what it returns or throws into the exit code. */
async function main(args: string[]): Promise<number> {
  const [first, ...rest] = args
  if (first === undefined) throw new UsageError(`no verb was given\n\n${await overview()}`)
  if (first === '--version' || first === '-V') return print(programVersion())
  if (first === '--help' || first === '-h') return print(await overview())
  if (first === 'help') return rest[0] === undefined ? print(await overview()) : main([rest[0], '--help'])

  const load = verbs[first]
  if (load === undefined) throw unknownVerb(first)
  const { command } = await load()
  const parsed = parseCommandLine(command, rest, process.env)
  return 'help' in parsed ? print(parsed.help) : command.run(parsed)
}

function print(text: string): number {
  process.stdout.write(`${text.trimEnd()}\n`)
  return 0
}

/** A reader of results that has seen enough (`tidemark compare --help | head`) is no fault; one of progress is not missed. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = printError(error, process.stderr)
}
