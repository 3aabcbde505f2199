import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readProcessStatus } from '../../src/linux/process/process-status.js'

export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
export const PYTHON = '/usr/bin/python3'
/** Of Debian's python3-memory-profiler; scripts/system-packages.sh installs it. */
export const MPROF = '/usr/bin/python3-mprof'

/** What a reader must know to compare the figures with others. */
export function machine(): string {
  if (!existsSync(MPROF)) throw new Error(`${MPROF} is missing; run scripts/system-packages.sh`)
  return `${cpus().length} cores (${cpus()[0]?.model.trim()}), Linux ${release()}, Node ${process.version}, mprof 0.61`
}

/** An empty folder that goes when the program ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

process.setMaxListeners(50)

/** Starts a program that does not outlive us. */
export function start(command: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } })
  child.stdout!.resume()
  process.on('exit', () => void child.kill('SIGKILL'))
  return child
}

/** Ends it as Ctrl-C would, and waits. */
export async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGINT')
  await once(child, 'exit')
}

/** A program that holds memory, once it does, with so many forked children that hold some too. */
export async function startHolder(children: number): Promise<ChildProcess> {
  const script = `import os, sys
block = bytearray(b"1") * (200 * 2**20)
for _ in range(${children}):
    if os.fork() == 0:
        mine = bytearray(b"1") * (20 * 2**20)
        sys.stdin.read()
        os._exit(0)
print("up", flush=True)
sys.stdin.read()`
  const child = start([PYTHON, '-c', script])
  await once(child.stdout!, 'data')
  return child
}

/** A program whose memory is another at each look: 50 times a second it holds up to 20 MiB more or less. */
export async function startRestless(): Promise<ChildProcess> {
  const script = `import mmap, threading, sys, time
block = bytearray(b"1") * (200 * 2**20)
def change():
    size = 0
    while True:
        size = (size + 977 * 4096) % (20 * 2**20)
        held = mmap.mmap(-1, size + 4096)
        held.write(b"1" * (size + 4096))
        time.sleep(0.02)
        held.close()
threading.Thread(target=change, daemon=True).start()
print("up", flush=True)
sys.stdin.read()`
  const child = start([PYTHON, '-c', script])
  await once(child.stdout!, 'data')
  return child
}

/** Processor time of all threads of a process so far, in ms: the first number of schedstat is in ns (kernel.org, sched-stats). */
export function cpuMs(pid: number): number {
  let ms = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    ms += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  return ms
}

export function rssBytes(pid: number): number {
  const status = readProcessStatus(pid)
  if (status.kind !== 'read') throw new Error(`pid ${pid} is ${status.kind}`)
  return status.rssBytes
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
