import { type Pid, PROC, readProcFile } from './proc-file.js'

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
  return stat.kind === 'read' && stat.startTicks === process.startTicks && stat.state !== 'Z' && stat.state !== 'X'
}

/** `pid (name) state ppid ...`: the name may hold blanks and brackets itself, so the last bracket ends it. */
function parseStat(text: string): ProcessStat {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: fields[0]!,
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    sessionId: Number(fields[3]),
    startTicks: Number(fields[19]),
  }
}
