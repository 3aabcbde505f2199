/** A command as one line, as mprof writes it: arguments with blanks in single quotes, nothing escaped. For reading, not for a shell. */
export function commandLine(command: readonly string[]): string {
  return command.map((argument) => (/[ \t]/.test(argument) ? `'${argument}'` : argument)).join(' ')
}
