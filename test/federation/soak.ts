/**
 * Long jobs of real processes without any fault: every client takes part in every round, and nothing gathers. `npm run faults`
 * runs them over thousands of rounds, the tests over fewer.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readProcessStatus } from '../../src/linux/process/process-status.js'
import type { Mark, RoundMark } from '../../src/shared/marks.js'
import { PROGRAM } from '../tidemark.js'
import { makeCertificates } from './certificates.js'

export interface Soak {
  rounds: number
  clients: number
  modelSize: string
  tls: boolean
  /** Further options of the server. */
  flags: string[]
}

/** What one process held at the end of a round. */
interface Held {
  round: number
  rssBytes: number
  descriptors: number
  threads: number
}

export interface SoakEnd {
  /** Rounds in which a client was missing, or that were tried again. */
  incomplete: number[]
  /** Of a round, in ms, in their order. */
  roundMs: number[]
  /** By role; sampled on the way. */
  held: Map<string, Held[]>
}

const LOOK_EVERY_MS = 50

/** A round takes milliseconds. One that waits for a client takes as long as the grace time, and shows. */
const SILENCE_MS = 60_000

/** Throws where the job ends badly, or commits no round for a minute. */
export async function runSoak(soak: Soak, folder: string): Promise<SoakEnd> {
  mkdirSync(folder, { recursive: true })
  const roles: Role[] = []
  try {
    const certificate = soak.tls ? makeCertificates(folder) : undefined
    const tls = (name: string) =>
      certificate === undefined
        ? []
        : [
            '--tls-cert',
            certificate(`${name}.crt`),
            '--tls-key',
            certificate(`${name}.key`),
            '--tls-ca',
            certificate('ca.crt'),
          ]
    const names = Array.from({ length: soak.clients }, (_, i) => `site-${i + 1}`)
    const job = ['--clients', String(soak.clients), '--rounds', String(soak.rounds), '--grace', '5s']
    const model = ['--trainer', 'echo', '--model-size', soak.modelSize]
    const server = new Role(
      'server',
      [...'server --port 0'.split(' '), ...job, ...model, ...soak.flags, ...tls('server')],
      folder,
    )
    roles.push(server)
    const url = await server.url()
    for (const name of names)
      roles.push(new Role(name, ['client', '--server', url, '--name', name, ...tls(name)], folder))
    await watch(roles)
    const rounds = server.rounds
    if (rounds.length !== soak.rounds) throw new Error(`${rounds.length} of ${soak.rounds} rounds were committed`)
    return {
      incomplete: rounds
        .filter((mark) => mark.accepted?.length !== soak.clients || mark.attempt > 0)
        .map((mark) => mark.round),
      roundMs: rounds.map(({ timeMs, startedMs }) => timeMs - startedMs),
      held: new Map(roles.map(({ name, held }) => [name, held])),
    }
  } finally {
    for (const { child } of roles) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
}

/** Looks at all of them until the last one has ended. */
async function watch(roles: readonly Role[]): Promise<void> {
  const [server] = roles
  let progress = { rounds: 0, atMs: performance.now() }
  while (!roles.every(({ hasEnded }) => hasEnded)) {
    for (const role of roles) role.look(server!.rounds.length)
    for (const role of roles) role.assertWell()
    if (server!.rounds.length > progress.rounds) progress = { rounds: server!.rounds.length, atMs: performance.now() }
    if (performance.now() - progress.atMs > SILENCE_MS)
      throw new Error(`no round was committed for ${SILENCE_MS / 1000} s after round ${progress.rounds}`)
    await sleep(LOOK_EVERY_MS)
  }
  for (const role of roles) role.assertWell()
}

class Role {
  readonly name: string
  readonly child: ChildProcess
  readonly held: Held[] = []
  readonly #marksFile: string
  readonly #logFile: string
  #rounds: RoundMark[] = []
  #readBytes = 0

  constructor(name: string, args: string[], folder: string) {
    this.name = name
    this.#marksFile = join(folder, `${name}.ndjson`)
    this.#logFile = join(folder, `${name}.log`)
    writeFileSync(this.#marksFile, '')
    this.child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', 'ignore', openSync(this.#logFile, 'w')],
      env: { ...process.env, TIDEMARK_TOKEN: 'soak', TIDEMARK_MARKS: this.#marksFile, TMPDIR: folder },
    })
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  async url(): Promise<string> {
    for (;;) {
      const ready = this.#newMarks().find((mark) => mark.mark === 'ready')
      if (ready?.mark === 'ready' && ready.url !== undefined) return ready.url
      this.assertWell()
      if (this.hasEnded) throw new Error(`${this.name} has ended`)
      await sleep(LOOK_EVERY_MS)
    }
  }

  get rounds(): RoundMark[] {
    for (const mark of this.#newMarks()) if (mark.mark === 'round') this.#rounds.push(mark)
    return this.#rounds
  }

  look(round: number): void {
    const status = readProcessStatus(this.child.pid!)
    if (status.kind !== 'read' || this.hasEnded) return
    const descriptors = countDescriptors(this.child.pid!)
    if (descriptors === undefined) return
    this.held.push({ round, rssBytes: status.rssBytes, descriptors, threads: status.threads })
  }

  assertWell(): void {
    if (this.child.signalCode === null && (this.child.exitCode ?? 0) === 0) return
    throw new Error(`${this.name} ended badly: ${readFileSync(this.#logFile, 'utf8').slice(-2000)}`)
  }

  #newMarks(): Mark[] {
    const text = readFileSync(this.#marksFile).subarray(this.#readBytes)
    const end = text.lastIndexOf('\n') + 1
    this.#readBytes += end
    const lines = text.subarray(0, end).toString().split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Mark)
  }
}

/** Undefined of a process that has just ended. */
function countDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}

/** Medians early in the job, when it has warmed up, and late in it. */
export function driftOf(
  held: readonly Held[],
  of: 'rssBytes' | 'descriptors' | 'threads',
): { early: number; late: number } {
  const last = held.at(-1)!.round
  const median = (from: number, to: number) => {
    const values = held.filter(({ round }) => round >= from * last && round <= to * last).map((each) => each[of])
    return values.sort((a, b) => a - b)[values.length >> 1]!
  }
  return { early: median(0.1, 0.3), late: median(0.8, 1) }
}
