import { type Pid, PROC, readProcFile } from '../files/proc-file.js'
import { livingThread } from '../threads/living-thread.js'

/**
 * Identity and state of a process, from /proc/PID/stat. A pid is reused; the pid together with
 * `startTicks` is not.
 */
export interface ProcessStat {
  pid: number
  /** The program's name as the kernel keeps it: 15 characters at most. */
  name: string
  /** `R`, `S`, `D`, `Z` and so on, as in proc_pid_stat(5). */
  state: string
  parentPid: number
  groupId: number
  sessionId: number
  /**
   * True when the process was forked and has not executed another program: its memory began as its
   * parent's, page for page.
   */
  isForkCopy: boolean
  /** Field 22: start of the process in clock ticks since boot. */
  startTicks: number
}

export type StatReading =
  | ({ kind: 'read' } & ProcessStat)
  | { kind: 'gone'; pid: Pid }
  | { kind: 'unreadable'; pid: Pid; code: string }

export function readProcessStat(pid: Pid, proc = PROC): StatReading {
  const file = readProcFile(pid, 'stat', proc)
  return file.kind === 'read' ? { kind: 'read', ...parseStat(file.text) } : { ...file, pid }
}

/**
 * Returns whether this pid still belongs to the process that started at these ticks, and that
 * process is not a zombie.
 */
export function isAlive(process: { pid: number; startTicks: number }, proc = PROC): boolean {
  const stat = readProcessStat(process.pid, proc)
  return stat.kind === 'read' && stat.startTicks === process.startTicks && !hasEnded(stat, proc)
}

/**
 * Returns whether all of a process has ended: its main thread is a zombie and no other thread runs.
 */
export function hasEnded({ pid, state }: Pick<ProcessStat, 'pid' | 'state'>, proc = PROC): boolean {
  return (state === 'Z' || state === 'X') && livingThread(pid, proc) === undefined
}

/**
 * Parses `pid (name) state ppid ...`. The name may contain spaces and parentheses, so the last
 * parenthesis ends it. The parser goes digit by digit and only up to the last field that is needed,
 * since it reads every process that the machine starts.
 */
function parseStat(text: string): ProcessStat {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = new Float64Array(START_TICKS + 1)
  let field = STATE + 1
  for (let at = close + 4; at < text.length && field <= START_TICKS; at++) {
    const code = text.charCodeAt(at)
    if (code === BLANK) field++
    else if (code >= ZERO && code <= NINE) fields[field] = fields[field]! * 10 + code - ZERO
  }
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: text.charAt(close + 2),
    parentPid: fields[STATE + 1]!,
    groupId: fields[STATE + 2]!,
    sessionId: fields[STATE + 3]!,
    isForkCopy: (fields[FLAGS]! & PF_FORKNOEXEC) !== 0,
    startTicks: fields[START_TICKS]!,
  }
}

/** Numbers of the fields in proc_pid_stat(5). */
const [STATE, FLAGS, START_TICKS] = [3, 9, 22] as const
/** Flag from include/linux/sched.h: fork and vfork set it, exec clears it. */
const PF_FORKNOEXEC = 0x40
const [BLANK, ZERO, NINE] = [0x20, 0x30, 0x39] as const
