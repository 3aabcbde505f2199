import { messageOf, TidemarkError } from '../errors.js'
import { printable } from '../printable.js'

/** A defect of Tidemark itself; EX_SOFTWARE of sysexits.h. */
const DEFECT = 70

/** Prints what went wrong and what to do about it; the stack only with TIDEMARK_DEBUG=1. Returns the exit code. */
export function printError(error: unknown, stderr: NodeJS.WritableStream): number {
  stderr.write(`tidemark: ${linesOf(messageOf(error))}\n`)
  const fix = fixOf(error)
  if (fix !== undefined) stderr.write(`${linesOf(fix).replaceAll(/^/gm, '  ')}\n`)
  if (process.env.TIDEMARK_DEBUG === '1') printStacks(error, stderr)
  return error instanceof TidemarkError ? error.exitCode : DEFECT
}

/** A message may quote a file, a log or a name of foreign origin. */
function linesOf(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

function fixOf(error: unknown): string | undefined {
  if (error instanceof TidemarkError) return error.fix
  return 'This is a defect of Tidemark. Set TIDEMARK_DEBUG=1 to see where it comes from, and please report it.'
}

function printStacks(error: unknown, stderr: NodeJS.WritableStream): void {
  for (let current = error; current instanceof Error; current = current.cause) stderr.write(`${current.stack}\n`)
}
