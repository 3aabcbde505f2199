import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { systemErrorCode } from '../../shared/errors.js'
import { readProcessStat } from './process-stat.js'

/**
 * Identifies a process across reboots, containers and machines. A pid alone is reused, and means
 * another process in another PID namespace.
 */
export interface ProcessIdentity {
  pid: number
  /** Null where /proc belongs to a PID namespace other than that of the process. */
  startTicks: number | null
  /** Differs after each boot, and on each machine. */
  bootId: string
  /**
   * Stays the same across boots; empty in most containers. Copied machines share it, so it counts
   * only together with `host`.
   */
  machineId: string
  /** Inode number of the PID namespace; meaningful within one boot. */
  pidNamespace: string
  host: string
}

let own: ProcessIdentity | undefined

export function ownIdentity(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    startTicks: startOf(process.pid),
    bootId: readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    machineId: readOr('', () => readFileSync('/etc/machine-id', 'utf8').trim()),
    pidNamespace: readOr('', () => readlinkSync('/proc/self/ns/pid')),
    host: hostname(),
  }
  return own
}

/** Checks values that another process wrote. Returns undefined where they are not an identity. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  const { pid, startTicks, bootId, machineId, pidNamespace, host } = (value ?? {}) as Partial<ProcessIdentity>
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (startTicks !== null && typeof startTicks !== 'number') return undefined
  if (
    typeof bootId !== 'string' ||
    typeof machineId !== 'string' ||
    typeof pidNamespace !== 'string' ||
    typeof host !== 'string'
  )
    return undefined
  return { pid, startTicks, bootId, machineId, pidNamespace, host }
}

/** Returns whether the process runs, or ran, on this machine, in this boot or an earlier one. */
export function isOfThisMachine(identity: ProcessIdentity): boolean {
  const { host, machineId } = ownIdentity()
  return isOfThisBoot(identity) || (machineId !== '' && identity.machineId === machineId && identity.host === host)
}

function isOfThisBoot({ bootId }: ProcessIdentity): boolean {
  return bootId !== '' && bootId === ownIdentity().bootId
}

/**
 * Returns whether a process still runs, from its identity alone. `unknown` where it cannot be seen
 * from here: another container, another machine, or a /proc that hides other users' processes.
 */
export function runState(identity: ProcessIdentity): 'running' | 'ended' | 'unknown' {
  const self = ownIdentity()
  // After a reboot none of the machine's earlier processes runs.
  if (!isOfThisBoot(identity)) return isOfThisMachine(identity) ? 'ended' : 'unknown'
  if (identity.pidNamespace !== self.pidNamespace) return 'unknown'
  if (identity.pid === self.pid) return identity.startTicks === self.startTicks ? 'running' : 'ended'
  if (!exists(identity.pid)) return 'ended'
  if (self.startTicks === null || identity.startTicks === null) return 'unknown'
  const stat = readProcessStat(identity.pid)
  if (stat.kind !== 'read') return exists(identity.pid) ? 'unknown' : 'ended'
  return stat.startTicks === identity.startTicks && stat.state !== 'Z' && stat.state !== 'X' ? 'running' : 'ended'
}

/**
 * Returns the name of a process for an error message: `pid 12`, `pid 12 in another container
 * (web-1)`, `pid 12 on node-3`.
 */
export function describeProcess(identity: ProcessIdentity): string {
  const { pid, host, pidNamespace } = identity
  if (!isOfThisBoot(identity)) return `pid ${pid} on ${host}`
  return pidNamespace === ownIdentity().pidNamespace ? `pid ${pid}` : `pid ${pid} in another container (${host})`
}

function startOf(pid: number): number | null {
  const stat = readProcessStat('self')
  return stat.kind === 'read' && stat.pid === pid ? stat.startTicks : null
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH'
  }
}

function readOr<T>(fallback: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return fallback
  }
}
