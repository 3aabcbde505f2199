import { execFileSync } from 'node:child_process'

/** The words that a shell makes of a command line; the command is not run. */
export function wordsOfShell(line: string): string[] {
  const printed = execFileSync('/bin/bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
  return printed.split('\0').slice(0, -1)
}
