const given = new Set<string>()

/** A warning of Node (`process.on('warning')` sees it, `--no-warnings` silences it), given once a process. */
export function warnOnce(message: string): void {
  if (given.has(message)) return
  given.add(message)
  process.emitWarning(message, 'TidemarkWarning')
}
