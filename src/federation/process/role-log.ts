import type { logOptions } from '../../options/federation.js'
import type { OptionValues } from '../../options/types/spec.js'

/** The facts of a log line for programs: plain names, times in ms, sizes in bytes. */
export type LogFacts = Readonly<Record<string, string | number | readonly string[]>>

/** Writes a line on standard error. A line that begins with `warning: ` is a warning. */
export type Log = (line: string, facts?: LogFacts) => void

/**
 * Opens the log: text for people, or one JSON object a line with time, level, role, name, pid,
 * message and facts.
 */
export function openLog(
  origin: { role: string; name?: string },
  { logFormat }: OptionValues<typeof logOptions>,
  stderr: NodeJS.WritableStream = process.stderr,
): Log {
  const title = origin.name === undefined ? origin.role : `${origin.role} ${origin.name}`
  if (logFormat === 'text') return (line) => stderr.write(`tidemark ${title}: ${line}\n`)
  return (line, facts) => {
    const isWarning = line.startsWith(WARNING)
    const level = isWarning ? 'warning' : 'info'
    const message = isWarning ? line.slice(WARNING.length) : line
    const record = { time: new Date().toISOString(), level, ...origin, pid: process.pid, message, ...facts }
    stderr.write(`${JSON.stringify(record)}\n`)
  }
}

const WARNING = 'warning: '
