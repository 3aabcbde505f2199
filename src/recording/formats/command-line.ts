/**
 * Formats a command as one line, as mprof writes it: arguments with blanks stand in single quotes,
 * and nothing is escaped. The line is meant for reading, not for a shell; line breaks and runs of
 * blanks become one blank.
 */
export function commandLine(command: readonly string[]): string {
  return command
    .map((argument) => (/\s/.test(argument) ? `'${argument.replaceAll(/\s+/g, ' ').trim()}'` : argument))
    .join(' ')
}
