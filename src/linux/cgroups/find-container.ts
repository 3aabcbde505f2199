import { spawnSync } from 'node:child_process'
import { UsageError } from '../../shared/errors.js'
import { printableLine } from '../../shared/printable.js'
import { findExecutable } from '../files/executable.js'
import { PROC, readProcFile } from '../files/proc-file.js'
import { type CgroupPlace, findCgroup } from '../memory/cgroup.js'
import { readCommandLine } from '../process/command-line.js'
import { readVariable } from '../process/environment.js'
import { listPids } from '../process/process-list.js'
import { hasEnded, type ProcessStat, readProcessStat } from '../process/process-stat.js'
import { CONTAINER_LOGS, containerLogs } from './pod-logs.js'

/** A container whose processes run on this machine. */
export interface FoundContainer {
  id: string
  /** Processes of the container, the oldest first: it is the ancestor of all others. */
  processes: [ProcessStat, ...ProcessStat[]]
  /** Memory cgroup of the container; undefined where it cannot be seen from here. */
  place: CgroupPlace | undefined
}

/**
 * 64 digits in a cgroup's path, as Docker, containerd, CRI-O and Podman write it. The pattern
 * leaves out their monitor, which has a scope of its own.
 */
const CONTAINER_ID = /(?:^|[/-])(?<!conmon-)([0-9a-f]{64})(?:\.scope)?(?=[/\n]|$)/g
const SHORTEST_ID = 4
const LISTED = 20

/**
 * Finds a running container by its id, the beginning of its id, or its name. Ids are in the paths
 * of cgroups. Only the runtime knows names, so this asks `docker`, `podman`, `nerdctl` or `crictl`,
 * where it is in PATH.
 *
 * @throws UsageError when no container or several match; it lists what runs here
 */
export function findContainer(nameOrId: string, environment: NodeJS.ProcessEnv = process.env): FoundContainer {
  const running = listContainers()
  const byId = idsLike(nameOrId, running)
  if (byId.length > 1)
    throw new UsageError(`${byId.length} containers have ids that begin with ${nameOrId}`, { fix: listed(running) })
  const id = byId[0] ?? running.get(idByName(nameOrId, environment) ?? '')?.id
  if (id !== undefined) return complete(running.get(id)!)
  throw new UsageError(`no container named ${nameOrId} runs on this machine`, {
    fix: `${listed(running)} Names are asked of docker, podman, nerdctl or crictl; an id always works.`,
  })
}

/**
 * Finds the container of a Kubernetes pod. On a node it uses the log folder of the kubelet. Inside
 * a pod whose containers share one process namespace, it uses the host name that the runtime gives
 * them.
 *
 * @param container needed where the pod has several
 * @throws UsageError when no container or several match
 */
export function findPodContainer(
  pod: string,
  container: string | undefined,
  logFolder = CONTAINER_LOGS,
): FoundContainer {
  const running = listContainers()
  const logs = containerLogs(logFolder).filter((log) => log.pod === pod && running.has(log.id))
  const ofPod = logs.length > 0 ? logs : sharedNamespace(pod, running)
  const found = container === undefined ? ofPod : ofPod.filter((log) => log.container === container)
  if (found.length === 1) return complete(running.get(found[0]!.id)!)
  if (ofPod.length === 0)
    throw new UsageError(`no container of a pod named ${pod} runs on this machine`, {
      fix: `Run this on the pod's node, or in the pod with shareProcessNamespace. ${listed(running)}`,
    })
  const names = ofPod.map((one) => one.container ?? `one with the id ${one.id.slice(0, 12)}`)
  if (container === undefined)
    throw new UsageError(`the pod ${pod} has ${ofPod.length} containers here: ${printableLine(names.join(', '))}`, {
      fix: 'Name one with -c, or by its id with --container.',
    })
  throw new UsageError(`the pod ${pod} has no single container ${container} here: ${printableLine(names.join(', '))}`, {
    fix: 'From inside a pod names are not known; --container takes the beginning of an id.',
  })
}

interface Container {
  id: string
  pids: number[]
}

function listContainers(proc = PROC): Map<string, Container> {
  const found = new Map<string, Container>()
  for (const pid of listPids(proc)) {
    const file = readProcFile(pid, 'cgroup', proc)
    if (file.kind !== 'read') continue
    const id = containerIdIn(file.text)
    if (id === undefined) continue
    const container = found.get(id) ?? { id, pids: [] }
    container.pids.push(pid)
    found.set(id, container)
  }
  return found
}

/** Returns the id of the innermost container that a process is in, from its /proc/PID/cgroup. */
function containerIdIn(cgroups: string): string | undefined {
  return [...cgroups.matchAll(CONTAINER_ID)].at(-1)?.[1]
}

function idsLike(text: string, running: ReadonlyMap<string, Container>): string[] {
  if (text.length < SHORTEST_ID || !/^[0-9a-f]+$/.test(text)) return []
  return [...running.keys()].filter((id) => id.startsWith(text))
}

const RUNTIMES = [
  { program: 'docker', args: ['inspect', '--type', 'container', '--format', '{{.Id}}'] },
  { program: 'podman', args: ['container', 'inspect', '--format', '{{.Id}}'] },
  { program: 'nerdctl', args: ['container', 'inspect', '--format', '{{.ID}}'] },
  { program: 'crictl', args: ['ps', '--quiet', '--no-trunc', '--name'] },
]
/** Time limit for the runtime's answer: a daemon that hangs must not block us. */
const ASKED_MS = 10_000

function idByName(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  if (name.startsWith('-')) return undefined
  for (const { program, args } of RUNTIMES) {
    const path = findExecutable(program, environment)
    if (path === undefined) continue
    const asked = spawnSync(path, [...args, name], { encoding: 'utf8', timeout: ASKED_MS, env: environment })
    const id = /^[0-9a-f]{64}$/m.exec(asked.stdout ?? '')?.[0]
    if (asked.status === 0 && id !== undefined) return id
  }
  return undefined
}

/**
 * Finds containers by HOSTNAME, which is the pod's name in every process of a pod, unless the pod
 * uses the network of its node.
 */
function sharedNamespace(
  pod: string,
  running: ReadonlyMap<string, Container>,
): { id: string; container: string | undefined }[] {
  return [...running.values()]
    .filter(({ pids }) => !pids.includes(process.pid) && pids.some((pid) => readVariable(pid, 'HOSTNAME') === pod))
    .map(({ id }) => ({ id, container: undefined }))
}

function complete({ id, pids }: Container): FoundContainer {
  const stats = pids
    .map((pid) => readProcessStat(pid))
    .filter((stat) => stat.kind === 'read')
    .filter((stat) => !hasEnded(stat))
    .sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid)
  const [first, ...others] = stats
  if (first === undefined) throw new UsageError(`the container ${id.slice(0, 12)} has just ended`)
  const place = findCgroup(first.pid)
  // Without the host's cgroup namespace the path ends outside of what is mounted here.
  const isSeen = place?.folder.includes(id)
  return { id, processes: [first, ...others], place: isSeen ? place : undefined }
}

function listed(running: ReadonlyMap<string, Container>): string {
  if (running.size === 0)
    return 'No container is seen from here: those of other users take root, and those of the host its process namespace.'
  const lines = [...running.values()].slice(0, LISTED).map(({ id, pids }) => {
    const command = readCommandLine(pids[0]!) ?? []
    return `  ${id.slice(0, 12)}  ${printableLine(command.join(' ')).slice(0, 60)}`
  })
  return `Running here:\n${lines.join('\n')}\n`
}
