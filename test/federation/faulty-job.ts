/**
 * A short job of real processes, of which some are killed or stopped at drawn moments, and what must hold of it whichever process that
 * hits: no round is committed twice, each result counts once and no other does, SCAFFOLD's c stays the mean of all c_i,
 * no round is lost while enough are left, and the job comes to an end that says what happened.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { majorityOf } from '../../src/federation/swarm/consensus/state.js'
import type { Mark, RoundMark } from '../../src/shared/marks.js'
import { assertReplayed } from './replayed.js'

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface FaultyJob {
  algorithm: 'fedavg' | 'scaffold' | 'cyclic' | 'swarm'
  participants: number
  rounds: number
  minClients: number
  aggregation: 'buffered' | 'spooled'
  seed: number
  /** Whether a round waits for who was killed to come back, or continues without it. */
  isPatient: boolean
  faults: Fault[]
}

export interface Fault {
  /** The place of a participant; 0 is the server, where there is one. */
  victim: number
  /** Kills it, and starts it again unless it is for good; or stops it for a while. */
  kind: 'kill' | 'kill-for-good' | 'stop'
  /** So long after it began this round. */
  round: number
  afterMs: number
  stopMs: number
}

/** Jobs with one to three faults each. */
export const faultyJobs: fc.Arbitrary<FaultyJob> = fc
  .record({
    algorithm: fc.constantFrom('fedavg', 'scaffold', 'cyclic', 'swarm'),
    participants: fc.integer({ min: 3, max: 4 }),
    rounds: fc.integer({ min: 4, max: 8 }),
    minClients: fc.integer({ min: 1, max: 3 }),
    aggregation: fc.constantFrom('buffered', 'spooled'),
    seed: fc.nat(1000),
    isPatient: fc.boolean(),
    faults: fc.array(
      fc.record({
        victim: fc.nat(4),
        kind: fc.constantFrom('kill', 'kill', 'kill', 'kill-for-good', 'stop'),
        round: fc.integer({ min: 1, max: 6 }),
        afterMs: fc.nat(60),
        stopMs: fc.integer({ min: 50, max: 3000 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map((drawn) => drawn as FaultyJob)

/** Long before a person would call it a hang, and long after everything that the job itself waits for. */
const HANG_MS = 300_000
const TOKEN = 'faulty'

export interface FaultyJobEnd {
  completed: boolean
  /** Faults that struck before the job was over. */
  struck: number
  committed: number
}

/** Throws when something that must hold does not. What the roles logged stays in the folder. */
export async function runFaultyJob(plan: FaultyJob, folder: string): Promise<FaultyJobEnd> {
  const job = new RunningJob(plan, folder)
  const hang = new AbortController()
  const timer = setTimeout(() => hang.abort(), HANG_MS)
  try {
    await job.start()
    const strikes = plan.faults.map((fault) => job.strike(fault))
    await Promise.race([job.over(), once(hang.signal, 'abort')])
    if (hang.signal.aborted) throw new Error(`the job hangs: after ${HANG_MS / 1000} s it is still there`)
    const struck = (await Promise.all(strikes)).filter(Boolean).length
    return { ...(await job.assertAll()), struck }
  } finally {
    clearTimeout(timer)
    job.endAll()
  }
}

interface Life {
  role: string
  child: ChildProcess
  log: string
  closed: Promise<unknown>
  /** Killed by the plan. */
  isVictim: boolean
}

class RunningJob {
  readonly #plan: FaultyJob
  readonly #folder: string
  readonly #lives: Life[] = []
  #url = ''
  #isOver = false

  constructor(plan: FaultyJob, folder: string) {
    this.#plan = plan
    this.#folder = folder
    mkdirSync(join(folder, 'state'), { recursive: true })
  }

  get #hub(): string {
    return this.#plan.algorithm === 'swarm' ? 'coordinator' : 'server'
  }

  get #names(): string[] {
    return Array.from({ length: this.#plan.participants }, (_, i) => `site-${i + 1}`)
  }

  async start(): Promise<void> {
    this.#spawn(this.#hub, false)
    const ready = await this.#soon(() => this.#marks(this.#hub).find((mark) => mark.mark === 'ready'))
    if (ready?.mark !== 'ready') throw new Error(`the ${this.#hub} did not start: ${this.#latest(this.#hub).log}`)
    this.#url = ready.url!
    for (const name of this.#names) this.#spawn(name, false)
  }

  /** Whether it struck: the job may be over before. */
  async strike({ victim, kind, round, afterMs, stopMs }: Fault): Promise<boolean> {
    const hasServer = this.#hub === 'server' && this.#plan.aggregation === 'spooled'
    const role = victim === 0 && hasServer ? 'server' : this.#names[victim % this.#names.length]!
    const hasBegun = () => this.#marks(role).find((mark) => mark.mark === 'round-start' && mark.round >= round)
    if ((await this.#soon(hasBegun)) === undefined) return false
    await sleep(afterMs)
    const life = this.#latest(role)
    if (this.#isOver || life.isVictim || hasEnded(life)) return false
    if (kind === 'stop') {
      life.child.kill('SIGSTOP')
      await sleep(stopMs)
      life.child.kill('SIGCONT')
      return true
    }
    life.isVictim = true
    life.child.kill('SIGKILL')
    await life.closed
    // Where the job has ended meanwhile, no one would wait for another one.
    if ((kind === 'kill' || role === 'server') && !this.#isOver) this.#spawn(role, true)
    return true
  }

  /** Once none is left; a server that was killed has another one after it. */
  async over(): Promise<void> {
    for (;;) {
      const hub = this.#latest(this.#hub)
      await hub.closed
      if (!hub.isVictim) break
      await this.#soon(() => (this.#latest(this.#hub) === hub ? undefined : true))
    }
    this.#isOver = true
    await Promise.all(this.#lives.map(({ closed }) => closed))
  }

  async assertAll(): Promise<Omit<FaultyJobEnd, 'struck'>> {
    for (const life of this.#lives) assertClearEnd(life)
    const completed = this.#latest(this.#hub).child.exitCode === 0
    if (!completed && this.#mustComplete())
      throw new Error(`enough were left, and the job did not come to its end: ${this.#latest(this.#hub).log}`)
    const rounds = this.#committed()
    const isWhole = rounds.every(({ round }, i) => round === i + 1)
    const wasKilled = this.#lives.some(({ role, isVictim }) => role === 'server' && isVictim)
    if (!isWhole && !wasKilled) throw new Error(`a round is missing among ${rounds.map(({ round }) => round)}`)
    if (completed && !wasKilled && rounds.length !== this.#plan.rounds)
      throw new Error(`${rounds.length} of ${this.#plan.rounds} rounds were committed`)
    // A server that dies between its commit and its mark leaves no trace of whose results it counted.
    if (isWhole)
      await assertReplayed(this.#plan, { names: this.#names, rounds, completed, checkpoint: this.#checkpoint })
    return { completed, committed: rounds.length }
  }

  endAll(): void {
    for (const { child } of this.#lives) if (child.exitCode === null) child.kill('SIGKILL')
  }

  /** What every round was committed as, in their order. */
  #committed(): RoundMark[] {
    const roles = this.#hub === 'server' ? ['server'] : this.#names
    const all = roles.flatMap((role) => this.#marks(role)).filter((mark): mark is RoundMark => mark.mark === 'round')
    const byRound = new Map<number, RoundMark>()
    for (const mark of all.filter(({ digest }) => this.#hub === 'server' || digest !== undefined)) {
      const before = byRound.get(mark.round)
      if (before !== undefined && (this.#hub === 'server' || before.digest !== mark.digest))
        throw new Error(`round ${mark.round} was committed twice`)
      if (before?.accepted === undefined) byRound.set(mark.round, mark)
    }
    return [...byRound.values()].sort((a, b) => a.round - b.round)
  }

  /** Nothing that happened can keep it from running to its end. */
  #mustComplete(): boolean {
    const { faults, participants, minClients } = this.#plan
    const kills = faults.filter(({ kind }) => kind !== 'stop')
    const forGood = faults.filter(({ kind }) => kind === 'kill-for-good')
    const enoughTrain = participants - forGood.length >= minClients
    // A peer that comes back has lost its memory, and its vote for a while: then a majority must be left without it.
    return this.#hub === 'server' ? enoughTrain : enoughTrain && kills.length <= participants - majorityOf(this.#names)
  }

  get #checkpoint(): string {
    return join(this.#folder, 'model.safetensors')
  }

  #marks(role: string): Mark[] {
    const file = join(this.#folder, `${role}.ndjson`)
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Mark)
  }

  #latest(role: string): Life {
    return this.#lives.findLast((life) => life.role === role)!
  }

  /** As soon as it is found; undefined once the job is over. */
  async #soon<T>(find: () => T | undefined): Promise<T | undefined> {
    for (; !this.#isOver; await sleep(4)) {
      const found = find()
      if (found !== undefined) return found
      if (this.#url === '' && hasEnded(this.#latest(this.#hub))) return undefined
    }
    return undefined
  }

  #spawn(role: string, isAgain: boolean): void {
    const child = spawn(process.execPath, [PROGRAM, ...this.#args(role, isAgain)], {
      // Its input stays open as long as this process lives; a role ends when it closes.
      stdio: ['pipe', 'ignore', 'pipe'],
      env: {
        ...process.env,
        TIDEMARK_TOKEN: TOKEN,
        TIDEMARK_OWNED: '1',
        TIDEMARK_MARKS: join(this.#folder, `${role}.ndjson`),
      },
    })
    const life: Life = { role, child, log: '', closed: once(child, 'close'), isVictim: false }
    child.stdin!.on('error', () => {})
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      life.log += text
    })
    this.#lives.push(life)
  }

  #args(role: string, isAgain: boolean): string[] {
    const { algorithm, aggregation } = this.#plan
    if (role === 'coordinator') return ['coordinator', ...this.#jobFlags()]
    if (role === 'server')
      return [
        ...['server', '--algorithm', algorithm, '--debug', '--aggregation', aggregation, ...this.#jobFlags()],
        ...['--checkpoint', this.#checkpoint],
        ...(aggregation === 'spooled' ? ['--spool-dir', join(this.#folder, 'spool')] : []),
        ...(isAgain ? ['--resume'] : []),
      ]
    const own = ['--name', role, '--connect-deadline', '40s']
    if (this.#hub === 'coordinator') return ['peer', '--coordinator', this.#url, ...own]
    return ['client', '--server', this.#url, ...own, '--state-dir', join(this.#folder, 'state')]
  }

  #jobFlags(): string[] {
    const { participants, rounds, minClients, seed, isPatient } = this.#plan
    return [
      ...['--model', 'softmax', '--local-steps', '20', '--clients', String(participants), '--rounds', String(rounds)],
      ...['--min-clients', String(minClients), '--seed', String(seed), '--round-attempts', '50', '--grace', '1s'],
      ...['--round-deadline', '2s', '--idle-deadline', '4s', '--join-deadline', '45s'],
      ...['--reconnect-grace', isPatient ? '8s' : '1s'],
    ]
  }
}

function hasEnded({ child }: Life): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Sentences with which a job may end that cannot continue, and its roles with it. */
const CLEAR_ENDS = [
  /round \d+ needs \d+ clients, and \d+ were connected/,
  /the job ended in round \d+ after \d+ attempts/,
  /a commit needs \d+ of the \d+ peers, and \d+ live/,
  /round \d+ needs the results of \d+ peers/,
  /round \d+ did not commit in \d+ attempts/,
  /the (server|coordinator) ended the job/,
  /a commit needs \d+ of the \d+ peers with their memory of the round, and \d+ have it/,
  // One that was started again, or continued, when the job had come to its end.
  /the coordinator is gone/,
  /could not reach the (server|coordinator)/,
]

function assertClearEnd({ role, child, log, isVictim }: Life): void {
  if (isVictim || child.exitCode === 0) return
  const isClear = child.exitCode === 3 && CLEAR_ENDS.some((sentence) => sentence.test(log))
  if (!isClear || /^ {4}at /m.test(log))
    throw new Error(`${role} ended with ${child.exitCode ?? child.signalCode} and no clear sentence: ${log}`)
}
