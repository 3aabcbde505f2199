import type { ChildProcess } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { countOpenFiles, openFilesLimit } from '../linux/files/open-files.js'
import { failedReading } from '../linux/files/proc-file.js'
import { lookUpNative } from '../linux/native/native-library.js'
import { readProcessStat } from '../linux/process/process-stat.js'

/**
 * Variable with our caller's limit of open files. The first line of the program (src/cli/main.ts),
 * which a shell reads before Node starts, sets it.
 */
export const CALLERS_OPEN_FILES_VARIABLE = 'TIDEMARK_CALLERS_OPEN_FILES'

/** RLIMIT_NOFILE on every Linux platform that Node releases for. */
const NOFILE = 7
/** Descriptors that starting a process takes for a moment. */
const SPARE_FILES = 32

/**
 * Starts a process with the soft limit of open files that our caller had. Node raises its own soft
 * limit to the hard one when it starts, and children inherit that. A program that adapts to its
 * limit would then behave differently under measurement. Only the start happens under the lower
 * limit. Without koffi nothing changes.
 */
export function withCallersLimit(start: (prefix: readonly string[]) => ChildProcess): ChildProcess {
  const prlimit = lookUpNative('int prlimit(int, int, const void *, void *)')
  const own = new BigUint64Array(2)
  if (prlimit === undefined || prlimit(0, NOFILE, null, own) !== 0) return start([])
  const [soft, hard] = own as unknown as [bigint, bigint]
  const callers = callersLimit(hard)
  if (callers === undefined || callers >= soft) return start([])
  const lower = new BigUint64Array([callers, hard])
  // With so few descriptors we could not start a process ourselves, so a shell lowers the limit and
  // becomes the program.
  if (BigInt((countOpenFiles('self') ?? 0) + SPARE_FILES) >= callers)
    return start(['/bin/sh', '-c', `ulimit -Sn ${callers} && exec "$@"`, 'sh'])
  prlimit(0, NOFILE, lower, null)
  try {
    return start([])
  } finally {
    prlimit(0, NOFILE, own, null)
  }
}

/**
 * Returns the limit that the first line of the program recorded. Where Node was started in another
 * way, returns that of the nearest ancestor process that is not Node, if its hard limit equals
 * ours. Undefined where neither is known.
 */
function callersLimit(ownHard: bigint): bigint | undefined {
  const recorded = process.env[CALLERS_OPEN_FILES_VARIABLE]
  if (recorded !== undefined && /^\d+$/.test(recorded)) return BigInt(recorded)
  for (let pid = process.ppid; pid > 0; ) {
    if (!isNode(pid)) {
      const limit = openFilesLimit(pid)
      return limit !== undefined && BigInt(limit.hard) === ownHard ? BigInt(limit.soft) : undefined
    }
    const stat = readProcessStat(pid)
    if (stat.kind !== 'read') return undefined
    pid = stat.parentPid
  }
  return undefined
}

function isNode(pid: number): boolean {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)) === basename(process.execPath)
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; another user's process did not start us
    return false
  }
}
