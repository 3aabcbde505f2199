/** docs/adding-an-algorithm.md, built and run as it stands. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../src/federation/tensors/checkpoint.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { initialWeights } from '../../src/federation/training/initial-weights.js'
import type { Comparison } from '../../src/results/comparison.js'
import type { Mark } from '../../src/shared/marks.js'
import { serverSettings } from '../federation/settings.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LEARNING_RATE = 0.1
const JOB = [
  '--model',
  'softmax',
  '--rounds',
  '1',
  '--clients',
  '2',
  '--batch-size',
  '16',
  '--local-learning-rate',
  '0.1',
]

let folder: string
beforeEach(() => {
  folder = temporaryFolder()
  for (const [name, text] of Object.entries(filesOfPage())) writeFileSync(join(folder, name), text)
})

describe('the algorithm of docs/adding-an-algorithm.md', () => {
  it('is two files of less than 80 lines together, without an error of types', () => {
    const files = filesOfPage()
    expect(Object.keys(files)).toEqual(['fedprox.ts', 'fedprox.memory.ts'])
    expect(Object.values(files).join('').trimEnd().split('\n').length).toBeLessThan(80)
    const paths = {
      tidemark: [join(ROOT, 'src/index.ts')],
      'tidemark/algorithm': [join(ROOT, 'src/federation/algorithms/index.ts')],
    }
    const typeRoots = [join(ROOT, 'node_modules/@types')]
    const project = { extends: join(ROOT, 'tsconfig.json'), compilerOptions: { paths, typeRoots }, include: ['*.ts'] }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    expect(execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })).toBe('')
  }, 240_000)

  it('is FedAvg with mu = 0, bit for bit, and else pulls back each step by mu as its equation says', async () => {
    const fedavg = await runJob({ steps: 2 })
    expect(await runJob({ steps: 2, mu: 0 })).toEqual(fedavg)

    // The first step is at x, where nothing pulls; the second is pulled by what the first one moved.
    const mu = 0.5
    const first = await runJob({ steps: 1 })
    const prox = await runJob({ steps: 2, mu })
    const start = flat(initialWeights(serverSettings({ model: 'softmax' }), 1))
    const expected = flat(fedavg).map((value, i) => value - LEARNING_RATE * mu * (flat(first)[i]! - start[i]!))
    const off = flat(prox).map((value, i) => Math.abs(value - expected[i]!))
    const pull = expected.map((value, i) => Math.abs(value - flat(fedavg)[i]!))
    expect(Math.max(...pull)).toBeGreaterThan(1e-4)
    expect(Math.max(...off)).toBeLessThan(1e-6)
  }, 240_000)

  it('is compared by its suite', async () => {
    const out = join(folder, 'results')
    const short = ['--rounds', '3', '--trials', '1', '--server-memory-gc-rounds', '1', '--out', out]
    const { code, stderr, stdout } = await runTidemark(['compare', join(folder, 'fedprox.memory.ts'), ...short])
    expect(code, stderr).toBe(4)
    expect(stdout).toContain('gc=1')
    const { job, trials } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
    expect(job).toMatchObject({ algorithm: join(folder, 'fedprox.ts'), algorithmOptions: 'mu=0.1' })
    expect(trials.map(({ state, reason }) => [state, reason])).toEqual([['completed', null]])
  }, 120_000)
})

describe('an algorithm of a file', () => {
  it.each([
    [
      'an option that it does not have',
      ['--algorithm-option', 'nu=1'],
      '--algorithm-option: fedprox has no option "nu"\n  It has mu.',
    ],
    ['an option of another', ['--option', 'I'], 'server: --option belongs to scaffold, and the algorithm here is'],
  ])('refuses %s', async (_what, options, message) => {
    const { code, stderr } = await runTidemark(['server', '--algorithm', join(folder, 'fedprox.ts'), ...options])
    expect(code, stderr).toBe(2)
    expect(stderr).toContain(`tidemark: ${message}`)
  })

  it.each([
    ['that is not there', 'none.ts', undefined, /^tidemark: --algorithm: there is no file .*none\.ts$/m],
    ['that does not parse', 'broken.ts', 'export default {', /^tidemark: --algorithm: cannot load .*broken\.ts: /m],
    [
      'that exports none',
      'empty.ts',
      'export default {}',
      /^tidemark: .*empty\.ts exports no algorithm: it needs a name, and a function run$/m,
    ],
    [
      'that takes the name of a shipped one',
      'mine.ts',
      "export default { name: 'swarm', run: () => {} }",
      /an algorithm called "swarm" ships with Tidemark/,
    ],
  ])('%s is refused by name', async (_what, name, text, message) => {
    const file = join(folder, name)
    if (text !== undefined) writeFileSync(file, text)
    const { code, stderr } = await runTidemark(['server', '--algorithm', file])
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(message)
  })

  it('is missed by a client that was not given it, which says so', async () => {
    const job = startServer(['--algorithm', join(folder, 'fedprox.ts'), '--clients', '1'])
    const client = await runTidemark(['client', '--server', await job.url()], { env: TOKEN })
    expect(client.code, client.stderr).not.toBe(0)
    expect(client.stderr).toContain('the server runs the algorithm "fedprox", which does not ship with Tidemark')
    job.stop()
  })
})

const TOKEN = { TIDEMARK_TOKEN: 'test-token' }

/** The code blocks that name a file. */
function filesOfPage(): Record<string, string> {
  const page = readFileSync(join(ROOT, 'docs/adding-an-algorithm.md'), 'utf8')
  const blocks = page.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm)
  return Object.fromEntries([...blocks].map(([, name, text]) => [name!, text!]))
}

/** One round of a real job of two clients: FedProx where mu is given, else FedAvg. */
async function runJob({ steps, mu }: { steps: number; mu?: number }): Promise<Weights> {
  const checkpoint = join(temporaryFolder(), 'model.safetensors')
  const file = mu === undefined ? [] : ['--algorithm', join(folder, 'fedprox.ts')]
  const options = mu === undefined ? [] : ['--algorithm-option', `mu=${mu}`]
  const job = startServer([...JOB, '--local-steps', String(steps), '--checkpoint', checkpoint, ...file, ...options])
  const url = await job.url()
  const clients = ['site-1', 'site-2'].map((name) =>
    runTidemark(['client', '--server', url, '--name', name, ...file], { env: TOKEN }),
  )
  for (const { code, stderr } of await Promise.all([job.finished, ...clients])) expect(code, stderr).toBe(0)
  return readCheckpoint(checkpoint)
}

function startServer(args: string[]) {
  const marks = join(temporaryFolder(), 'marks.ndjson')
  writeFileSync(marks, '')
  const { child, finished } = startTidemark(['server', ...args], { env: { ...TOKEN, TIDEMARK_MARKS: marks } })
  const url = async () => {
    const ready = () =>
      readFileSync(marks, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Mark)
        .find((mark) => mark.mark === 'ready')
    await expect.poll(ready, { timeout: 60_000 }).toBeDefined()
    return (ready() as { url: string }).url
  }
  return { finished, url, stop: () => child.kill('SIGTERM') }
}

function flat({ data }: Weights): number[] {
  return data.flatMap((tensor) => [...tensor])
}
