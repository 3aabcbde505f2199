import { basename } from 'node:path'

/** `--role NAME=PATTERN`: processes whose command line fits get the role. */
export interface RolePattern {
  role: string
  pattern: RegExp
  forks?: ForkPattern
}

/**
 * A program that forks and goes on without exec has one command line in all its processes. Of those whose line fits `among`, the
 * one that has started a process whose line fits `parentOf` does the work and has the role.
 */
export interface ForkPattern {
  among: RegExp
  parentOf: RegExp
}

/** Programs that run another one, which is the name people know it by. */
const INTERPRETERS = /^(python[\d.]*|node|bash|sh|dash|zsh|perl|ruby|java|deno|bun)$/

/** What to call a process of which only the command line is known. */
export function nameProcess(
  command: readonly string[],
  patterns: readonly RolePattern[],
): { role: string; name: string } {
  const line = command.join(' ')
  const fitting = patterns.find(({ pattern, forks }) => pattern.test(line) && forks?.among.test(line) !== true)
  return { role: fitting?.role ?? 'process', name: programName(command) }
}

/** The role that a process has because of one that it has started, both by their command lines; undefined where it has none. */
export function roleOfParent(parent: string, child: string, patterns: readonly RolePattern[]): string | undefined {
  return patterns.find(({ forks }) => forks?.parentOf.test(child) && forks.among.test(parent))?.role
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
