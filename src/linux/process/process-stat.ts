import { type Pid, PROC, readProcFile } from '../files/proc-file.js'
import { livingThread } from '../threads/living-thread.js'

/** Who a process is, from /proc/PID/stat. A pid is given away again; the pid together with `startTicks` is not. */
export interface ProcessStat {
  pid: number
  /** The program's name as the kernel keeps it: 15 characters at most. */
  name: string
  /** `R`, `S`, `D`, `Z` and so on, as in proc_pid_stat(5). */
  state: string
  parentPid: number
  groupId: number
  sessionId: number
  /** Forked and not yet another program: its memory began as its parent's, page for page. */
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

/** Whether this pid still is the process that started at these ticks, and has not ended as a zombie either. */
export function isAlive(process: { pid: number; startTicks: number }, proc = PROC): boolean {
  const stat = readProcessStat(process.pid, proc)
  return stat.kind === 'read' && stat.startTicks === process.startTicks && !hasEnded(stat, proc)
}

/** Whether all of a process has ended: its main thread is a zombie and no other thread runs. */
export function hasEnded({ pid, state }: Pick<ProcessStat, 'pid' | 'state'>, proc = PROC): boolean {
  return (state === 'Z' || state === 'X') && livingThread(pid, proc) === undefined
}

/**
 * `pid (name) state ppid ...`: the name may hold blanks and brackets itself, so the last bracket ends it. Digit by digit up to
 * the field that is wanted, since this is read of every process that the machine starts.
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

/** Fields as proc_pid_stat(5) counts them. */
const [STATE, FLAGS, START_TICKS] = [3, 9, 22] as const
/** include/linux/sched.h: set by fork and vfork, cleared by exec. */
const PF_FORKNOEXEC = 0x40
const [BLANK, ZERO, NINE] = [0x20, 0x30, 0x39] as const
