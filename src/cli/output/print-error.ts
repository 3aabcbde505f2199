import { openFilesLimit } from '../../linux/files/open-files.js'
import { messageOf, systemErrorCode, TidemarkError } from '../../shared/errors.js'
import { printable } from '../../shared/printable.js'

/** Exit code for a defect of Tidemark itself; EX_SOFTWARE of sysexits.h. */
const DEFECT = 70
/**
 * Exit code when the machine is not in the required state. It equals that for bad input, since
 * neither is a defect of Tidemark.
 */
const REFUSED = 2

/** Remedies for errors of the system, by code. */
const REMEDIES: Record<string, string> = {
  EMFILE: 'The limit of open files is too low. Raise it: ulimit -n 1024',
  ERR_MODULE_NOT_FOUND: 'Install the packages again: npm install',
  ENFILE: 'The system has no open files left. End something else, or raise fs.file-max.',
  ENOSPC: 'The disk is full. Make room and try again.',
  EFBIG: 'The limit of file sizes is too low. Raise it: ulimit -f unlimited',
  EDQUOT: 'Your quota on this disk is used up. Make room and try again.',
  ENOENT: 'It went away while it was used, or a variable such as TMPDIR names a folder that does not exist.',
  EACCES: 'Look at its owner and mode; another user may own it.',
  EPERM: 'It may need rights that you do not have.',
  EROFS: 'It lies on a file system that is read-only. Name another folder.',
  ENOMEM: 'The machine has no memory left. End something else and try again.',
  EAGAIN: 'The limit of processes or threads is reached. Raise it: ulimit -u',
}

/**
 * Remedies for errors that name a file or a folder of the user's and give no fix of their own, by
 * the code of their cause.
 */
const REMEDIES_OF_CAUSES: Record<string, string> = {
  ...REMEDIES,
  ENOENT: 'Check the name, and that the folder exists.',
  ENOTDIR: 'Check the name: a part of it is a file and no folder.',
  EISDIR: 'That is a folder. Name a file in it.',
}

/** Limit below which loading the report, some hundred modules at a time, may fail. */
const FEW_OPEN_FILES = 256

/**
 * Prints an error and its remedy; the stack only with TIDEMARK_DEBUG=1.
 *
 * @returns the exit code
 */
export function printError(error: unknown, stderr: NodeJS.WritableStream): number {
  stderr.write(`tidemark: ${printable(messageOf(error))}\n`)
  const fix = fixOf(error)
  if (fix !== undefined) stderr.write(`${printable(fix).replaceAll(/^/gm, '  ')}\n`)
  if (process.env.TIDEMARK_DEBUG === '1') printStacks(error, stderr)
  if (error instanceof TidemarkError) return error.exitCode
  return isRefusal(error) ? REFUSED : DEFECT
}

function fixOf(error: unknown): string | undefined {
  if (error instanceof TidemarkError) return error.fix ?? REMEDIES_OF_CAUSES[systemErrorCode(error.cause) ?? '']
  const code = systemErrorCode(error)
  const isShort = code === 'ERR_MODULE_NOT_FOUND' && isShortOfFiles()
  const remedy = REMEDIES[isShort ? 'EMFILE' : (code ?? '')]
  if (isRefusal(error) && remedy !== undefined) return remedy
  return 'This is a defect of Tidemark. Set TIDEMARK_DEBUG=1 to see where it comes from, and please report it.'
}

/**
 * Returns whether the limit of open files explains that a module was not found: Node takes a
 * package.json that it cannot open for one that is missing.
 */
function isShortOfFiles(): boolean {
  const limit = openFilesLimit('self')
  return limit === undefined || limit.soft < FEW_OPEN_FILES
}

/** Returns whether an error is a failed system call whose code names a problem of the machine. */
function isRefusal(error: unknown): boolean {
  const code = systemErrorCode(error) ?? ''
  const isOfSystem = error instanceof Error && ('syscall' in error || code === 'ERR_MODULE_NOT_FOUND')
  return isOfSystem && Object.hasOwn(REMEDIES, code)
}

function printStacks(error: unknown, stderr: NodeJS.WritableStream): void {
  for (let current = error; current instanceof Error; current = current.cause)
    stderr.write(`${current instanceof TidemarkError ? `${current.code} ` : ''}${current.stack}\n`)
}
