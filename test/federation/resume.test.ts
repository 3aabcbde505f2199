/** Servers that are killed at every step of a round, and started again with --resume. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Mark } from '../../src/shared/marks.js'
import { temporaryFolder } from '../temporary-folder.js'
import { startTidemark } from '../tidemark.js'

const JOB = ['--model', 'softmax', '--clients', '2', '--min-clients', '2', '--rounds', '2']

/** In the order in which a round comes to them; with two clients, the third upload is the first of round 2. */
const KILL_POINTS = [
  'upload-begun',
  'result-spooled@2',
  'result-counted@3',
  'round-settled',
  'mean-begun@2',
  'mean-written',
  'mean-renamed@2',
  'before-commit',
  'committed@2',
  'spools-removed',
  'persisted',
]

/** Those at which a result, the mean or the commit is between two states; TIDEMARK_ALL_FAULTS=1 goes through all of them. */
const SCAFFOLD_KILL_POINTS =
  process.env.TIDEMARK_ALL_FAULTS === '1'
    ? KILL_POINTS
    : ['result-counted@3', 'mean-written', 'before-commit', 'committed@2', 'spools-removed']

/** A job whose server is killed at a named point, and started again. */
async function runJob(killAt: string | undefined, flags: string[]) {
  const folder = temporaryFolder()
  const spool = join(folder, 'spool')
  const checkpoint = join(folder, 'model.safetensors')
  const marksFile = join(folder, 'marks.ndjson')
  writeFileSync(marksFile, '')
  const env = { TIDEMARK_TOKEN: 'a-token', TIDEMARK_MARKS: marksFile }
  const marks = () =>
    readFileSync(marksFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Mark)
  const readyMark = () => marks().find((mark) => mark.mark === 'ready' && mark.role === 'server')
  const args = ['server', ...JOB, '--checkpoint', checkpoint, ...flags.map((flag) => flag.replace('SPOOL', spool))]
  const first = startTidemark([...args, '--port', '0'], {
    env: { ...env, ...(killAt === undefined ? {} : { TIDEMARK_KILL_AT: killAt }) },
  })
  await expect.poll(readyMark, { timeout: 30_000, interval: 20 }).toBeDefined()
  const url = (readyMark() as { url: string }).url
  const clients = ['site-1', 'site-2'].map((name) =>
    startTidemark(['client', '--server', url, '--name', name], { env }),
  )
  if (killAt !== undefined) {
    expect(await first.finished).toMatchObject({ signal: 'SIGKILL' })
    const again = startTidemark([...args, '--resume', '--port', new URL(url).port], { env })
    expect(await again.finished).toMatchObject({ code: 0 })
  } else expect(await first.finished).toMatchObject({ code: 0 })
  for (const { finished } of clients) expect(await finished).toMatchObject({ code: 0 })
  const trained = marks().filter((mark) => mark.mark === 'round-start' && mark.role === 'client')
  return {
    model: readFileSync(checkpoint),
    trained: trained.length,
    left: readdirSync(folder).includes('spool') ? readdirSync(spool) : [],
  }
}

const undisturbed = new Map<string, Promise<Buffer>>()

function modelOfUndisturbedRun(...flags: string[]): Promise<Buffer> {
  const key = flags.join(' ')
  const run = undisturbed.get(key) ?? runJob(undefined, ['--spool-dir', 'SPOOL', ...flags]).then(({ model }) => model)
  undisturbed.set(key, run)
  return run
}

async function expectSameEnd(killAt: string, ...flags: string[]): Promise<void> {
  const expected = await modelOfUndisturbedRun(...flags)
  const { model, trained, left } = await runJob(killAt, ['--spool-dir', 'SPOOL', ...flags])
  expect(model.equals(expected)).toBe(true)
  expect(trained).toBe(4)
  expect(left).toEqual([])
}

describe('a spooled server that is killed', () => {
  it.each(KILL_POINTS)(
    'at %s ends, once it is started again, with the same bits, and no client trains twice',
    (killAt) => expectSameEnd(killAt),
  )

  // Clients keep a control variate here, and must know which of their results counts: --debug checks it after each round.
  it.each(SCAFFOLD_KILL_POINTS)('at %s of SCAFFOLD ends with the same bits and the same control variates', (killAt) =>
    expectSameEnd(killAt, '--algorithm', 'scaffold', '--debug'),
  )
})

it('a buffered server that is killed continues from its checkpoint, to the same bits', async () => {
  const { model } = await runJob('persisted', ['--aggregation', 'buffered'])
  expect(model.equals(await modelOfUndisturbedRun())).toBe(true)
})

describe('--resume', () => {
  it('refuses a job that was started with other options, and says with which', async () => {
    const spool = join(temporaryFolder(), 'spool')
    const env = { TIDEMARK_TOKEN: 'a-token' }
    const args = ['server', ...JOB, '--spool-dir', spool, '--join-deadline', '1ms']
    await startTidemark(args, { env }).finished
    const { code, stderr } = await startTidemark([...args, '--resume', '--seed', '7'], { env }).finished
    expect(stderr).toContain('was started with seed = 1, and now seed is 7')
    expect(code).toBe(2)
  })

  it('of a job whose rounds were all committed ends well, though its clients have left', async () => {
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const marksFile = join(temporaryFolder(), 'marks.ndjson')
    writeFileSync(marksFile, '')
    const env = { TIDEMARK_TOKEN: 'a-token', TIDEMARK_MARKS: marksFile }
    const args = ['server', '--model', 'softmax', '--clients', '1', '--rounds', '1', '--port', '0']
    args.push('--checkpoint', checkpoint)
    const server = startTidemark(args, { env })
    const url = () => /"url":"([^"]+)"/.exec(readFileSync(marksFile, 'utf8'))?.[1]
    await expect.poll(url, { timeout: 30_000, interval: 20 }).toBeDefined()
    await startTidemark(['client', '--server', url()!, '--name', 'site-1'], { env }).finished
    expect((await server.finished).code).toBe(0)
    const before = readFileSync(checkpoint)
    const again = await startTidemark([...args, '--resume', '--join-deadline', '1s'], { env }).finished
    expect(again.stderr).toContain('every round was committed before')
    expect(again.code, again.stderr).toBe(0)
    expect(readFileSync(checkpoint).equals(before)).toBe(true)
  })

  it('says what it could continue from', async () => {
    const { code, stderr } = await startTidemark(['server', '--resume'], { env: { TIDEMARK_TOKEN: 'x' } }).finished
    expect(stderr).toContain('--resume has nothing to continue from')
    expect(code).toBe(2)
  })
})
