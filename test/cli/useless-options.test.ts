import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

/** Command lines with an option that their algorithm has no use for, and why it has none. */
const REFUSED: [command: string, why: string][] = [
  ['compare fedavg --option I', '--option belongs to scaffold, and the algorithm here is fedavg'],
  ['compare scaffold --order random', '--order belongs to cyclic, and the algorithm here is scaffold'],
  ['compare cyclic --rotation fixed', '--rotation belongs to swarm, and the algorithm here is cyclic'],
  ['compare fedavg --memory-gc-rounds 1', '--memory-gc-rounds belongs to swarm, and the algorithm here is fedavg'],
  [
    'compare swarm --server-memory-gc-rounds 1',
    '--server-memory-gc-rounds means nothing to swarm, which has no server: its peers have --memory-gc-rounds',
  ],
  [
    'compare cyclic --server-learning-rate 0.5',
    '--server-learning-rate means nothing to cyclic, which hands the weights from client to client and averages nothing',
  ],
  ['tune fedavg --limit 1GiB --order random', '--order belongs to cyclic, and the algorithm here is fedavg'],
  ['server --option I', 'server: --option belongs to scaffold, and the algorithm here is fedavg'],
  [
    'server --algorithm cyclic --weighting uniform',
    'server: --weighting means nothing to cyclic, which hands the weights from client to client and averages nothing',
  ],
  ['compare fedavg --heap-diff 5', 'compare: --heap-diff needs --command'],
  ['tune fedavg --limit 1GiB --heap-diff=5', 'tune: --heap-diff belongs to tidemark run: a program stands still while'],
  ['run --token 0123456789abcdef -- true', '--token needs --listen'],
  ['compare fedavg --token abc', '--token needs --listen'],
  ['run --pss-interval 1s -- true', 'run: --pss-interval needs --pss'],
  ['attach 1 --pss-interval 1s', 'attach: --pss-interval needs --pss'],
  ['soak --clients 3 -- true', 'soak: --clients is for a job of Tidemark, and a command was given'],
  ['soak cyclic --clients 1', 'Cyclic hands weights from client to client, and the job has 1'],
  ['submit --slurm --claim x -- fedavg', 'submit: --claim means nothing to --slurm'],
  ['submit --kubernetes --image x --results y -- fedavg', 'submit: --results means nothing to --kubernetes'],
  ['history show -o x.svg', 'history show: --out belongs to history plot and export'],
  ['history add runs/x --json', 'history add: --json belongs to history show'],
  ['coordinator --order random', "coordinator: unknown option '--order'"],
]

test.each(REFUSED)('tidemark %s is refused, with the reason', async (command, why) => {
  const { code, stderr } = await runTidemark(command.split(' '))
  expect(code, stderr).toBe(2)
  expect(stderr).toContain(`tidemark: ${why}`)
})

test('a suite that says what its algorithm has no use for is refused with the line', async () => {
  const file = join(temporaryFolder(), 'mine.memory.json')
  const job = { algorithm: 'fedavg', scaffoldOption: 'I' }
  writeFileSync(file, JSON.stringify({ name: 'mine', workload: { kind: 'federation', job } }, null, 2))
  const { code, stderr } = await runTidemark(['compare', file])
  expect(code, stderr).toBe(2)
  expect(stderr).toContain(
    `${file}:7: workload.job.scaffoldOption: belongs to scaffold, and the algorithm here is fedavg`,
  )
})
