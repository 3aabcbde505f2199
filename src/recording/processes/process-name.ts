import { basename } from 'node:path'

/** Role of processes that neither a pattern nor a mark names. */
export const UNNAMED_ROLE = 'process'

/** `--role NAME=PATTERN`: processes whose command line matches get the role. */
export interface RolePattern {
  role: string
  pattern: RegExp
  forks?: ForkPattern
}

/**
 * Finds the working process of a program that forks without exec, so that all its processes have
 * one command line. Of the processes whose line matches `among`, the one that started a process
 * whose line matches `parentOf` does the work and gets the role.
 */
export interface ForkPattern {
  among: RegExp
  parentOf: RegExp
}

/** Programs that run another one, whose name users know. */
const INTERPRETERS = /^(python[\d.]*|node|bash|sh|dash|zsh|perl|ruby|java|deno|bun)$/

/** Names a process of which only the command line is known. */
export function nameProcess(
  command: readonly string[],
  patterns: readonly RolePattern[],
): { role: string; name: string } {
  const line = command.join(' ')
  const fitting = patterns.find(({ pattern, forks }) => pattern.test(line) && forks?.among.test(line) !== true)
  return { role: fitting?.role ?? UNNAMED_ROLE, name: programName(command) }
}

/**
 * Returns the role that a process has because of a child it started, by both command lines;
 * undefined if it has none.
 */
export function roleOfParent(parent: string, child: string, patterns: readonly RolePattern[]): string | undefined {
  return patterns.find(({ forks }) => forks?.parentOf.test(child) && forks.among.test(parent))?.role
}

/**
 * Returns the program's name: `python3 -u server.py --port 1` is `server.py`, `python3 -m
 * http.server` is `http.server`, `/usr/bin/env` is `env`.
 */
function programName(command: readonly string[]): string {
  const [program = '?', ...args] = command
  const name = basename(program)
  if (!INTERPRETERS.test(name)) return name
  const script = args.findIndex((arg) => !arg.startsWith('-'))
  const code = args.findIndex((arg) => /^-[a-z]*[ce]$/.test(arg))
  if (script === -1 || (code !== -1 && code < script)) return name
  return basename(args[script]!)
}
