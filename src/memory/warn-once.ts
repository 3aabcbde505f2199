const given = new Set<string>()

/**
 * Emits a warning of Node once per process. `process.on('warning')` sees it, `--no-warnings`
 * silences it.
 */
export function warnOnce(message: string): void {
  if (given.has(message)) return
  given.add(message)
  process.emitWarning(message, 'TidemarkWarning')
}
