/**
 * The errors a user can meet. One class where a caller would act differently, that is, where the
 * exit code differs.
 *
 * A message says what was being done, to what, what was found and what would be right; `fix`,
 * printed on its own line, says what to do. Foreign errors become ours once, at the boundary, and
 * are kept as `cause`.
 */
export class TidemarkError extends Error {
  /** A stable name for programs: docs/errors.md lists all of them. */
  readonly code: string = 'TIDEMARK_E_FAILED'
  /** The exit code of the process when this error reaches the command line. */
  readonly exitCode: number = 3
  readonly fix: string | undefined

  constructor(message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.fix = options.fix
  }
}

/** Wrong usage or bad input: a flag, a file, a config, a folder. Nothing was started. */
export class UsageError extends TidemarkError {
  override readonly code: string = 'TIDEMARK_E_USAGE'
  override readonly exitCode: number = 2
}

/** The program that was measured failed, was killed, or did not do what was waited for. */
export class TargetError extends TidemarkError {
  override readonly code: string = 'TIDEMARK_E_TARGET'
  override readonly exitCode: number = 3
}

/** The user stopped it (Ctrl-C or a termination signal). What was measured is kept. */
export class StoppedError extends TidemarkError {
  override readonly code: string = 'TIDEMARK_E_STOPPED'
  override readonly exitCode: number

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`)
    this.exitCode = signal === 'SIGINT' ? 130 : 143
  }
}

/** Returns the code of a failed system call, such as `ENOENT`, or undefined for any other error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof TidemarkError || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The error's message, or the thrown value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
