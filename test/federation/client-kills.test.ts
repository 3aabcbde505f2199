/** Clients as processes of their own that are killed, stopped or cut off at the worst moments of a round. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Mark, RoundMark } from '../../src/shared/marks.js'
import { temporaryFolder } from '../temporary-folder.js'
import { startTidemark } from '../tidemark.js'
import { TOKEN } from './fake-role.js'
import { type Moment, watchLink } from './watched-link.js'

/** Steps enough that a round's training is not over in the moment in which it begins. */
const JOB = ['--model', 'softmax', '--clients', '2', '--local-steps', '300', '--debug']
/** Everybody is waited for. */
const PATIENT_JOB = [...JOB, '--rounds', '6', '--min-clients', '2', '--grace', '60s', '--reconnect-grace', '60s']
const PATIENT = { timeout: 60_000, interval: 5 }

function startJob(flags: string[]) {
  const folder = temporaryFolder()
  const start = (name: string, args: string[]) => {
    const file = join(folder, `${name}.ndjson`)
    const role = startTidemark(args, { env: { TIDEMARK_TOKEN: TOKEN, TIDEMARK_MARKS: file } })
    return { ...role, marks: () => readMarks(file) }
  }
  const checkpoint = join(folder, 'model.safetensors')
  const server = start('server', ['server', '--checkpoint', checkpoint, ...flags])
  const rounds = () => server.marks().filter((mark): mark is RoundMark => mark.mark === 'round')
  let lives = 0
  return {
    server,
    rounds,
    url: async () => {
      const ready = () => server.marks().find((mark) => mark.mark === 'ready')
      await expect.poll(ready, PATIENT).toBeDefined()
      return (ready() as { url: string }).url
    },
    client: (name: string, url: string) => {
      const state = ['--state-dir', join(folder, 'state')]
      return start(`${name}.${++lives}`, ['client', '--server', url, '--name', name, ...state])
    },
    /** Once the server and these clients have come to their ends: the model, and whose results made it. */
    outcome: async (clients: ReturnType<typeof start>[]) => {
      for (const role of [server, ...clients]) expect(await role.finished).toMatchObject({ code: 0 })
      return { model: readFileSync(checkpoint), accepted: rounds().map(({ accepted }) => accepted) }
    },
  }
}

function readMarks(file: string): Mark[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Mark)
}

async function runUndisturbed(flags: string[]) {
  const job = startJob(flags)
  const url = await job.url()
  return job.outcome([job.client('site-1', url), job.client('site-2', url)])
}

describe.each(['fedavg', 'scaffold'])('a client of %s that', (algorithm) => {
  it('is killed in its training, in its upload, or before it hears that its result was taken, counts once: the bits are the same', async () => {
    const flags = [...PATIENT_JOB, '--algorithm', algorithm]
    const expected = runUndisturbed(flags)
    const job = startJob(flags)
    const url = await job.url()
    const start = async (name: string, round: number, moment: Moment) => {
      const link = await watchLink(url, { round, moment })
      return { name, link, client: job.client(name, link.url) }
    }
    const kill = async ({ link, client }: Awaited<ReturnType<typeof start>>) => {
      await link.held
      client.child.kill('SIGKILL')
      await client.finished
    }
    const first = await start('site-1', 2, 'training')
    const second = await start('site-2', 3, 'upload')
    await kill(first)
    const firstAgain = await start('site-1', 4, 'answer')
    await kill(second)
    const secondAgain = await start('site-2', 5, 'answer')
    await kill(firstAgain)
    const last = job.client('site-1', url)
    // No one is killed here: the client hears nothing, and sends its result again.
    await secondAgain.link.held
    secondAgain.link.cut()
    expect(await job.outcome([secondAgain.client, last])).toEqual(await expected)
    expect((await secondAgain.client.finished).stderr).toMatch(/round 5: (duplicate|late)/)
    expect(job.server.marks().filter(({ mark }) => mark === 'round-failed')).toEqual([])
  })

  it('is stopped past the deadline and continues then is answered that its result is late, and takes part again', async () => {
    const deadline = ['--min-clients', '1', '--round-deadline', '60s', '--grace', '1s', '--reconnect-grace', '60s']
    const job = startJob([...JOB, '--rounds', '6', ...deadline, '--algorithm', algorithm])
    const url = await job.url()
    const link = await watchLink(url, { round: 2, moment: 'training' })
    const victim = job.client('site-1', link.url)
    const other = job.client('site-2', url)
    await link.held
    victim.child.kill('SIGSTOP')
    await expect.poll(() => job.rounds().length, PATIENT).toBeGreaterThanOrEqual(2)
    link.release()
    victim.child.kill('SIGCONT')
    const { accepted } = await job.outcome([victim, other])
    const both = ['site-1', 'site-2']
    expect(accepted).toHaveLength(6)
    expect([accepted[0], accepted[1], accepted.at(-1)]).toEqual([both, ['site-2'], both])
    expect((await victim.finished).stderr).toMatch(/round 2: late, the result came too late; the server is in round \d/)
  })
})

it('a job that falls below its quorum for good ends, and says who is missing, whatever its algorithm', async () => {
  await Promise.all(['fedavg', 'scaffold', 'cyclic'].map(endBelowQuorum))
})

async function endBelowQuorum(algorithm: string): Promise<void> {
  const impatient = ['--reconnect-grace', '100ms', '--join-deadline', '10s', '--round-attempts', '2']
  const job = startJob([...JOB, '--algorithm', algorithm, '--rounds', '100000', '--min-clients', '2', ...impatient])
  const url = await job.url()
  const victim = job.client('site-1', url)
  const other = job.client('site-2', url)
  await expect.poll(() => job.rounds().length, PATIENT).toBeGreaterThanOrEqual(1)
  victim.child.kill('SIGKILL')
  const { code, stderr } = await job.server.finished
  expect(code).toBe(3)
  expect(stderr).toMatch(/round \d+ (needs 2 clients, and 1 were connected|after 2 attempts)/)
  expect(stderr).toContain('site-1')
  const survivor = await other.finished
  expect([survivor.code, survivor.stderr]).toEqual([3, expect.stringContaining('the server ended the job')])
}
