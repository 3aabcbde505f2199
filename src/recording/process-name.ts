import { basename } from 'node:path'

/** `--role NAME=PATTERN`: processes whose command line fits get the role. */
export interface RolePattern {
  role: string
  pattern: RegExp
}

/** Programs that run another one, which is the name people know it by. */
const INTERPRETERS = /^(python[\d.]*|node|bash|sh|dash|zsh|perl|ruby|java|deno|bun)$/

/** What to call a process of which only the command line is known. */
export function nameProcess(
  command: readonly string[],
  patterns: readonly RolePattern[],
): { role: string; name: string } {
  const line = command.join(' ')
  return { role: patterns.find(({ pattern }) => pattern.test(line))?.role ?? 'process', name: programName(command) }
}

/** `python3 -u server.py --port 1` is `server.py`, `python3 -m http.server` is `http.server`, `/usr/bin/env` is `env`. */
function programName(command: readonly string[]): string {
  const [program = '?', ...args] = command
  const name = basename(program)
  if (!INTERPRETERS.test(name)) return name
  const script = args.findIndex((arg) => !arg.startsWith('-'))
  const code = args.findIndex((arg) => /^-[a-z]*[ce]$/.test(arg))
  if (script === -1 || (code !== -1 && code < script)) return name
  return basename(args[script]!)
}
