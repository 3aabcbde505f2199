import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { carriers } from '../linux/process/environment.js'
import { TidemarkError } from '../shared/errors.js'
import { KILLED_WITHIN_MS } from './end-group.js'
import { pollUntil } from './poll.js'
import { signalIfThere } from './signal.js'

/**
 * Variable that holds the recording's id. Every launched process, and everything that it starts,
 * carries it.
 */
const RECORDING_VARIABLE = 'TIDEMARK_RECORDING'

/**
 * Ensures that nothing that was launched survives its owner, whatever ends the owner. A tiny shell
 * in a session of its own waits on a pipe from us. When we die, even by SIGKILL, the kernel closes
 * the pipe, and the shell kills every registered group and every process that carries the
 * recording's id.
 */
export interface Guard {
  readonly recordingId: string
  /** Variables to add to the environment of what is launched. */
  readonly environment: Record<string, string>
  /** `TIDEMARK_RECORDING=id`. It finds processes that left the group or whose parents have died. */
  readonly assignment: `${string}=${string}`
  watch(groupId: number): void
  /** Forgets a group that is empty: its number may belong to others from now on. */
  release(groupId: number): void
  /** Has the guard remove this folder, a cgroup, should we die. */
  watchFolder(folder: string): void
  /**
   * Ends every process that still carries the id: SIGTERM, up to `graceMs` of waiting, SIGKILL.
   * Then dismisses the guard.
   * @returns pids that got SIGTERM, and those among them that needed SIGKILL
   */
  close(graceMs: number): Promise<{ asked: number[]; forced: number[] }>
  /** Dismisses the guard and leaves what runs running. */
  dismiss(): void
}

/**
 * Reads `watch N`, `release N`, `folder NAME` and `done`; any other end of the input is the owner's
 * death. The folder is a cgroup, which can be removed once its processes have ended. Twenty
 * passes outlast any chain of forks between two passes. The limit is there because a process that
 * cannot be killed (state D) must not keep the script running for ever.
 */
const SCRIPT = `
groups= folder=
while read -r word group; do
  case $word in
    watch) groups="$groups $group" ;;
    release) kept=; for g in $groups; do [ "$g" = "$group" ] || kept="$kept $g"; done; groups=$kept ;;
    folder) folder=$group ;;
    done) exit 0 ;;
  esac
done
for group in $groups; do kill -KILL -- "-$group" 2>/dev/null; done
pass=0 found=yes
while [ $found = yes ] && [ $pass -lt 20 ]; do
  found=no pass=$((pass + 1))
  for file in /proc/[0-9]*/environ; do
    if tr '\\0' '\\n' 2>/dev/null <"$file" | grep -qxF "$1"; then
      pid=\${file#/proc/}
      kill -KILL "\${pid%/environ}" 2>/dev/null && found=yes
    fi
  done
done
pass=0
while [ -d "$folder" ] && ! rmdir "$folder" 2>/dev/null && [ $pass -lt 50 ]; do sleep 0.1; pass=$((pass + 1)); done`

/**
 * Starts the guard.
 * @throws TidemarkError when /bin/sh cannot be started
 */
export async function startGuard(recordingId: string = randomUUID()): Promise<Guard> {
  const assignment = `${RECORDING_VARIABLE}=${recordingId}` as const
  // The environment is empty but for PATH: the guard must not carry the id itself.
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'tidemark-guard', assignment], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  })
  await spawned(shell)
  // Neither the shell nor its pipe keeps a program running that has nothing else to do.
  shell.unref()
  const pipe = shell.stdin as Socket
  pipe.unref()
  pipe.on('error', () => {}) // EPIPE: the guard was killed. Our own end() still runs; only the safety net is gone.
  return {
    recordingId,
    assignment,
    environment: { [RECORDING_VARIABLE]: recordingId },
    watch: (groupId) => void pipe.write(`watch ${groupId}\n`),
    release: (groupId) => void pipe.write(`release ${groupId}\n`),
    watchFolder: (folder) => void pipe.write(`folder ${folder}\n`),
    close: async (graceMs) => {
      const ended = await endCarriers(assignment, graceMs)
      pipe.end('done\n')
      return ended
    },
    dismiss: () => void pipe.end('done\n'),
  }
}

async function spawned(shell: ChildProcess): Promise<void> {
  try {
    await once(shell, 'spawn')
  } catch (error) {
    throw new TidemarkError('cannot start /bin/sh, which guards that no process outlives its recording', {
      cause: error,
    })
  }
}

async function endCarriers(
  assignment: `${string}=${string}`,
  graceMs: number,
): Promise<{ asked: number[]; forced: number[] }> {
  const asked = carriers(assignment)
  if (asked.length === 0) return { asked, forced: [] }
  for (const pid of asked) signalIfThere(pid, 'SIGTERM')
  await pollUntil(() => carriers(assignment).length === 0, graceMs)
  const forced = carriers(assignment)
  for (const pid of forced) signalIfThere(pid, 'SIGKILL')
  await pollUntil(() => carriers(assignment).length === 0, KILLED_WITHIN_MS)
  return { asked, forced }
}
