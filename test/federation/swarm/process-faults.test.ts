/** A swarm of real processes, of which some are killed or stopped at the worst moments. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Mark, RoundMark } from '../../../src/shared/marks.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { startTidemark } from '../../tidemark.js'
import { TOKEN } from '../fake-role.js'
import { get } from '../raw-client.js'

const PATIENT = { timeout: 100_000, interval: 5 }
/** Seconds on a quiet machine; a busy one takes its time to start a process, and to run the rounds meanwhile. */
const LONGEST_MS = 240_000
/** Enough for a process to start while they run, since both slow down together. */
const ROUNDS = 60
const names = ['site-1', 'site-2', 'site-3']

function startSwarm(flags: string[]) {
  const folder = temporaryFolder()
  const start = (name: string, args: string[], env: Record<string, string> = {}) => {
    const file = join(folder, `${name}.ndjson`)
    const started = startTidemark(args, { env: { TIDEMARK_TOKEN: TOKEN, TIDEMARK_MARKS: file, ...env } })
    return { ...started, name, marks: () => readMarks(file) }
  }
  const job = ['--clients', '3', '--model', 'softmax', '--local-steps', '1', '--reconnect-grace', '1s']
  const coordinator = start('coordinator', ['coordinator', ...job, ...flags])
  const lives = new Map<string, number>()
  return {
    coordinator,
    peer: async (name: string, own: string[] = [], env: Record<string, string> = {}) => {
      const url = await readyUrl(coordinator)
      const life = (lives.get(name) ?? 0) + 1
      lives.set(name, life)
      return start(`${name}.${life}`, ['peer', '--coordinator', url, '--name', name, ...own], env)
    },
  }
}

type Started = ReturnType<typeof startSwarm>['coordinator']

async function readyUrl({ marks }: Started): Promise<string> {
  const ready = () => marks().find((mark) => mark.mark === 'ready')
  await expect.poll(ready, PATIENT).toBeDefined()
  return (ready() as { url: string }).url
}

function readMarks(file: string): Mark[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Mark)
}

function rounds({ marks }: Started): RoundMark[] {
  return marks().filter((mark): mark is RoundMark => mark.mark === 'round')
}

/** Until one of these peers aggregates in this stage; that peer, and the attempt. */
async function peerIn(peers: Started[], stage: string): Promise<{ peer: Started; attempt: number }> {
  const urls = await Promise.all(peers.map(readyUrl))
  let found: { peer: Started; attempt: number } | undefined
  const look = async () => {
    const states = await Promise.all(urls.map((url) => get(url, '/v1/status').catch(() => undefined)))
    const place = states.findIndex((state) => state?.body.stage === stage)
    if (place !== -1) found = { peer: peers[place]!, attempt: Number(states[place]!.body.attempt) }
    return found !== undefined
  }
  await expect.poll(look, { ...PATIENT, interval: 1 }).toBe(true)
  return found!
}

/** No round has two digests among all who saw it committed, and none is missing. */
function expectOneCommitEach(processes: Started[], count: number): void {
  const byRound = new Map<number, Set<string>>()
  for (const { round, digest } of processes.flatMap(rounds))
    if (digest !== undefined) byRound.set(round, (byRound.get(round) ?? new Set()).add(digest))
  expect([...byRound.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  for (const [round, digests] of byRound) expect([...digests], `commits of round ${round}`).toHaveLength(1)
}

describe('a swarm of three whose aggregator is killed', () => {
  it.each([
    ['before its commit, while it collects', 'collecting'],
    ['during its commit, while it proposes', 'proposing'],
    ['after its commit, before the next round', 'between'],
  ])(
    '%s, loses no round, commits none twice, and has it back',
    async (_when, stage) => {
      const swarm = startSwarm(['--rounds', String(ROUNDS)])
      const peers = await Promise.all(names.map((name) => swarm.peer(name)))
      await expect.poll(() => rounds(peers[0]!).length, PATIENT).toBeGreaterThan(2)
      const { peer: victim } = await peerIn(peers, stage)
      victim.child.kill('SIGKILL')
      const again = await swarm.peer(victim.name.slice(0, 6))
      const others = peers.filter((peer) => peer !== victim)
      for (const one of [...others, again, swarm.coordinator]) expect((await one.finished).code, one.name).toBe(0)
      expectOneCommitEach([...peers, again], ROUNDS)
      expect((await again.finished).stderr).toContain('caught up with round')
    },
    LONGEST_MS,
  )
})

it(
  'an aggregator that is killed with half a sum in its spool leaves nothing that counts: another one commits the round, and the spool is emptied when it is back',
  async () => {
    const swarm = startSwarm(['--rounds', String(ROUNDS)])
    const folder = temporaryFolder()
    const spools = names.map((name) => ['--aggregation', 'spooled', '--spool-dir', join(folder, name)])
    const peers = await Promise.all(
      names.map((name, i) => swarm.peer(name, spools[i]!, i === 0 ? { TIDEMARK_KILL_AT: 'mean-begun@2' } : {})),
    )
    expect(await peers[0]!.finished).toMatchObject({ signal: 'SIGKILL' })
    const left = () => readdirSync(join(folder, 'site-1')).filter((file) => file.startsWith('round-'))
    expect(left().some((file) => file.endsWith('.safetensors.part'))).toBe(true)
    expect(left().some((file) => /-result-\d+\.safetensors$/.test(file))).toBe(true)
    const again = await swarm.peer('site-1', spools[0]!)
    for (const one of [peers[1]!, peers[2]!, again, swarm.coordinator])
      expect((await one.finished).code, one.name).toBe(0)
    expectOneCommitEach([...peers, again], ROUNDS)
    for (const name of names) expect(readdirSync(join(folder, name)), name).toEqual([])
  },
  LONGEST_MS,
)

it(
  'a peer that cannot open its spool ends at once, with the reason, and the others do the job',
  async () => {
    const swarm = startSwarm(['--rounds', '2'])
    const notAFolder = join(temporaryFolder(), 'spool')
    writeFileSync(notAFolder, '')
    const [unfit, ...others] = await Promise.all(
      names.map((name, i) => swarm.peer(name, i === 0 ? ['--aggregation', 'spooled', '--spool-dir', notAFolder] : [])),
    )
    const { code, stderr } = await unfit!.finished
    expect([code, stderr]).toEqual([2, expect.stringContaining(notAFolder)])
    for (const one of [...others, swarm.coordinator]) expect((await one.finished).code, one.name).toBe(0)
  },
  LONGEST_MS,
)

it(
  'an aggregator that is stopped past its time finds the round committed by another, and its own void',
  async () => {
    const swarm = startSwarm(['--rounds', '30'])
    const peers = await Promise.all(names.map((name) => swarm.peer(name)))
    await expect.poll(() => rounds(peers[0]!).length, PATIENT).toBeGreaterThan(2)
    const { peer: stopped } = await peerIn(peers, 'collecting')
    stopped.child.kill('SIGSTOP')
    const before = rounds(stopped).length
    const others = peers.filter((peer) => peer !== stopped)
    await expect.poll(() => Math.min(...others.map((peer) => rounds(peer).length)), PATIENT).toBeGreaterThan(before + 3)
    stopped.child.kill('SIGCONT')
    for (const one of [...peers, swarm.coordinator]) expect((await one.finished).code, one.name).toBe(0)
    expectOneCommitEach(peers, 30)
    const without = others.flatMap(rounds).filter(({ accepted }) => accepted?.length === 2)
    expect(without.length).toBeGreaterThan(0)
  },
  LONGEST_MS,
)

it(
  'of two peers that both believe that they aggregate, one commits the round, with everybody in it',
  async () => {
    // All three results are needed, so the peer that takes over collects until the stopped one is back, and still collects itself.
    const flags = ['--rounds', '8', '--min-clients', '3', '--local-steps', '2000', '--round-attempts', '100']
    // On a busy machine a second may pass without a heartbeat: the one that took over would be given up as well.
    const swarm = startSwarm([...flags, '--reconnect-grace', '5s'])
    const peers = await Promise.all(names.map((name) => swarm.peer(name)))
    await expect.poll(() => rounds(peers[0]!).length, PATIENT).toBeGreaterThan(1)
    const { attempt } = await believeBoth(peers)
    for (const one of [...peers, swarm.coordinator]) expect((await one.finished).code, one.name).toBe(0)
    expectOneCommitEach(peers, 8)
    const merged = peers.flatMap(rounds).filter(({ accepted }) => accepted !== undefined)
    expect(merged.map(({ accepted }) => accepted)).toEqual(Array(8).fill(names))
    // By its successor or, where a busy machine kept that one from its heartbeats too, by a later one.
    expect(Math.max(...merged.map(({ attempt }) => attempt))).toBeGreaterThanOrEqual(attempt)
  },
  LONGEST_MS,
)

/** Stops a peer while it collects, until another one collects in its place; in which attempt that one does. */
async function believeBoth(peers: Started[]): Promise<{ attempt: number }> {
  for (;;) {
    const { peer: stopped } = await peerIn(peers, 'collecting')
    stopped.child.kill('SIGSTOP')
    const others = peers.filter((peer) => peer !== stopped)
    const { attempt } = await peerIn(others, 'collecting')
    stopped.child.kill('SIGCONT')
    // Else its turn was over before it stopped, and the other one has its own.
    if (attempt > 0) return { attempt }
  }
}

it(
  'below a majority the job ends with a message, and nothing hangs',
  async () => {
    const swarm = startSwarm(['--rounds', '100000', '--join-deadline', '12s'])
    const peers = await Promise.all(names.map((name) => swarm.peer(name)))
    await expect.poll(() => rounds(peers[0]!).length, PATIENT).toBeGreaterThan(1)
    peers[1]!.child.kill('SIGKILL')
    peers[2]!.child.kill('SIGKILL')
    const { code, stderr } = await swarm.coordinator.finished
    expect(code).toBe(3)
    expect(stderr).toContain(
      'a commit needs 2 of the 3 peers, and 1 live; site-2, site-3 did not come back within 12.0 s',
    )
    const survivor = await peers[0]!.finished
    expect([survivor.code, survivor.stderr]).toEqual([3, expect.stringContaining('the coordinator ended the job')])
  },
  LONGEST_MS,
)
