import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { scheduleTrials } from '../../src/comparison/plan/schedule.js'
import type { Comparison } from '../../src/results/comparison.js'
import { PYTHON } from '../python.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

writeFileSync(
  join(folder, 'job.py'),
  `import time
for number in (1, 2):
    print(f'Round {number} done', flush=True)
    time.sleep(0.05)
time.sleep(0.2)
`,
)
const ARGUMENTS = [
  '--command',
  `${PYTHON} job.py {how}`,
  '-L',
  'how',
  'a,b',
  '--rounds',
  'end:Round (\\d+) done',
  '--trials',
  '3',
]

const tidemark = (args: string[], env: Record<string, string> = {}) => runTidemark(args, { cwd: folder, env })
const read = (of: string) => JSON.parse(readFileSync(join(folder, of, 'comparison.json'), 'utf8')) as Comparison
const placesOf = ({ trials }: Comparison) => trials.map(({ index, setting, trial }) => ({ index, setting, trial }))
const schedule = scheduleTrials(['how=a', 'how=b'], 3, 1)

describe('a comparison in two parts', () => {
  test('the script for Slurm runs each part by the number that Slurm gives it', async () => {
    const { code, stderr } = await tidemark([
      ...['submit', '--slurm', '--shards', '2', '--memory', 'server=1GiB', '--results', 'parts', '-o', 'job.sh'],
      ...['--', ...ARGUMENTS],
    ])
    expect(code, stderr).toBe(0)
    const script = readFileSync(join(folder, 'job.sh'), 'utf8')
    expect(script).toContain('\n#SBATCH --array=1-2\n')
    expect(script).toContain('\n#SBATCH --mem=1536M\n')
    withTidemarkOnPath((env) => {
      for (const task of ['1', '2']) {
        const run = spawnSync('bash', ['job.sh'], {
          cwd: folder,
          encoding: 'utf8',
          env: { ...env, SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_MIN: '1' },
        })
        expect(run.status, run.stderr).toBe(0)
      }
    })
    expect(placesOf(read('parts/1'))).toEqual(schedule.filter(({ trial }) => trial !== 2))
    expect(placesOf(read('parts/2'))).toEqual(schedule.filter(({ trial }) => trial === 2))
    expect(read('parts/2')).toMatchObject({ state: 'completed', shard: { index: 2, of: 2 } })
    expect(readFileSync(join(folder, 'parts/2/summary.md'), 'utf8')).toContain('This is part 2 of 2')
  })

  test('is the whole one when it is merged', async () => {
    const { code, stdout, stderr } = await tidemark(['merge', 'parts/2', 'parts/1', '--out', 'whole'])
    expect(code, stderr).toBe(0)
    expect(stdout).toContain(`Report: ${join('whole', 'report.html')}`)
    const whole = read('whole')
    expect(placesOf(whole)).toEqual(schedule)
    expect(whole).toMatchObject({ state: 'completed', warnings: [] })
    expect(whole.shard).toBeUndefined()
    for (const { folder: trial } of whole.trials)
      expect(readdirSync(join(folder, 'whole', trial)).sort()).toEqual([
        'command.log',
        'marks.ndjson',
        'recording.json',
        'samples.ndjson',
      ])
  })

  test('of which one part is missing says so, and continues with --resume', async () => {
    const { trials } = read('parts/1')
    for (const [name, kept] of [
      ['one', trials.slice(0, 2)],
      ['two', trials.slice(2)],
    ] as const)
      changed('parts/1', name, { trials: kept })
    const merged = await tidemark(['merge', 'one', 'two', '--out', 'halves'])
    expect(merged.code, merged.stderr).toBe(0)
    expect(merged.stdout).toContain('4 of 6 trials are complete')
    const resumed = await tidemark(['compare', '--resume', 'halves'])
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(placesOf(read('halves')).sort((a, b) => a.index - b.index)).toEqual(schedule)
  })
})

describe('merge refuses', () => {
  test('one trial that is there twice', async () => {
    const { code, stderr } = await tidemark(['merge', 'parts/1', 'parts/1', '--out', 'no'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/trial 1 of how=[ab] is in parts\/1 and in parts\/1\n {2}Name each shard once\./)
  })

  test('parts of different jobs, and says in what they differ', async () => {
    cpSync(join(folder, 'parts/2'), join(folder, 'other'), { recursive: true })
    const plan = JSON.parse(readFileSync(join(folder, 'other/plan.json'), 'utf8')) as { seed: number }
    writeFileSync(join(folder, 'other/plan.json'), JSON.stringify({ ...plan, seed: 5 }))
    const { code, stderr } = await tidemark(['merge', 'parts/1', 'other', '--out', 'no'])
    expect(code).toBe(2)
    expect(stderr).toContain('parts/1 and other are not of one comparison: they differ in seed (1 and 5)')
  })

  test.each(['../parts/1/trials/0001', '/etc', 'trials/../..', '.', 'trials//x', ''])(
    'a trial whose folder is called %j, and writes nothing',
    async (name) => {
      const { trials } = read('parts/2')
      changed('parts/2', 'escaping', { trials: trials.map((trial) => ({ ...trial, folder: name })) })
      const { code, stderr } = await tidemark(['merge', 'parts/1', 'escaping', '--out', 'escaped'])
      expect(code).toBe(2)
      expect(stderr).toContain('escaping/comparison.json is no comparison of this version: trials.0.folder: found')
      expect(existsSync(join(folder, 'escaped'))).toBe(false)
    },
  )

  test('a trial whose folder is a link that leads elsewhere, and copies no links within one', async () => {
    cpSync(join(folder, 'parts/2'), join(folder, 'linked'), { recursive: true })
    const trial = read('parts/2').trials[0]!.folder
    symlinkSync('/etc/passwd', join(folder, 'linked', trial, 'out.log.link'))
    const copied = await tidemark(['merge', 'parts/1', 'linked', '--out', 'copied'])
    expect(copied.code).toBe(0)
    expect(existsSync(join(folder, 'copied', trial, 'recording.json'))).toBe(true)
    expect(existsSync(join(folder, 'copied', trial, 'out.log.link'))).toBe(false)
    rmSync(join(folder, 'linked', trial), { recursive: true })
    symlinkSync('/etc', join(folder, 'linked', trial))
    const { code, stderr } = await tidemark(['merge', 'parts/1', 'linked', '--out', 'no'])
    expect(code).toBe(2)
    expect(stderr).toContain('leads out of linked: found a link, expected a folder')
  })

  test('different types of machines, unless allowed, and then every output notes it', async () => {
    const { machine } = read('parts/2')
    changed('parts/2', 'elsewhere', { machine: { ...machine, cores: machine.cores + 2 } })
    const refused = await tidemark(['merge', 'parts/1', 'elsewhere', '--out', 'pooled'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /measured on different types of machines: cores \(\d+ and \d+\)\. Their trials cannot be pooled in silence/,
    )
    const allowed = await tidemark(['merge', 'parts/1', 'elsewhere', '--any-machine', '--out', 'pooled'])
    expect(allowed.code).toBe(0)
    expect(allowed.stdout).toContain('measured on different types of machines: cores')
    expect(readFileSync(join(folder, 'pooled/summary.md'), 'utf8')).toContain('different types of machines')
  })

  test('different sampling loops, unless allowed', async () => {
    const { machine } = read('parts/2')
    const [loop, name] = machine.samplingLoop === 'c' ? (['javascript', 'JavaScript'] as const) : (['c', 'C'] as const)
    changed('parts/2', 'otherwise', { machine: { ...machine, samplingLoop: loop } })
    const refused = await tidemark(['merge', 'parts/1', 'otherwise', '--out', 'looped'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(new RegExp(`machines: sampling loop \\(\\w+ and ${name}\\)`))
  })

  test.each([
    [[], 'no folder was named'],
    [['parts/1'], 'one folder alone was named'],
    [['parts/1', 'nowhere'], 'there is no folder nowhere'],
  ])('%j', async (folders, message) => {
    const { code, stderr } = await tidemark(['merge', ...folders, '--out', 'no'])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

test.each([
  [['--shard', '3/2'], '--shard: found "3/2", expected I/N with I from 1 to N, for example 2/4, or auto/4'],
  [['--shard', '1/4'], '4 shards of 3 trials of each setting'],
  [['--shard', 'auto/2'], 'neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set'],
])('compare %j is refused before anything runs', async (args, message) => {
  const { code, stderr } = await tidemark(['compare', ...ARGUMENTS, ...args, '--out', 'no'])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})

test('a suite of two comparisons in two parts is the whole suite when they are merged', async () => {
  mkdirSync(join(folder, 'suite'))
  for (const name of ['first', 'second'])
    writeFileSync(
      join(folder, 'suite', `${name}.memory.json`),
      JSON.stringify({
        name,
        workload: { kind: 'command', command: `${PYTHON} job.py {how}`, rounds: 'end:Round (\\d+) done' },
        settings: { how: ['a'] },
        trials: 2,
      }),
    )
  for (const part of ['1', '2']) {
    const { code, stderr } = await tidemark(['compare', 'suite', '--shard', `${part}/2`, '--out', `suites/${part}`])
    expect(code, stderr).toBe(0)
  }
  expect(read('suites/2/second')).toMatchObject({ shard: { index: 2, of: 2 }, trials: [{ trial: 2 }] })
  const { code, stdout, stderr } = await tidemark(['merge', 'suites/1', 'suites/2', '--out', 'suites/whole'])
  expect(code, stderr).toBe(0)
  for (const name of ['first', 'second'])
    expect(read(`suites/whole/${name}`)).toMatchObject({ state: 'completed', trials: [{ trial: 1 }, { trial: 2 }] })
  expect(stdout).toContain(`Table: ${join('suites/whole', 'overview.md')}`)
  const mixed = await tidemark(['merge', 'suites/1', 'parts/1'])
  expect(mixed.code).toBe(2)
  expect(mixed.stderr).toContain('merge: parts/1 is not of the suite that the other folders are parts of')
})

test('a number that is none of the shards is refused', async () => {
  const { code, stderr } = await tidemark(['compare', ...ARGUMENTS, '--shard', 'auto/2'], { JOB_COMPLETION_INDEX: '2' })
  expect(code).toBe(2)
  expect(stderr).toContain('found JOB_COMPLETION_INDEX=2, which is none of the 2 shards')
})

test('the Indexed Job of Kubernetes has a pod for each part, with the memory of all roles', async () => {
  const { code, stdout, stderr } = await tidemark([
    ...[
      'submit',
      '--kubernetes',
      '--image',
      'job:1',
      '--shards',
      '2',
      '--memory',
      'server=2GiB',
      '--memory',
      'client=1GiB',
    ],
    ...['--', 'fedavg', '--trials', '2', '--clients', '3'],
  ])
  expect(code, stderr).toBe(0)
  const job = JSON.parse(stdout) as KubernetesJob
  expect(job).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'tidemark-fedavg' } })
  expect(job.spec).toMatchObject({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 0 })
  const { restartPolicy, containers } = job.spec.template.spec
  expect(restartPolicy).toBe('Never') // the only one that backoffLimitPerIndex and podFailurePolicy allow
  expect(containers[0]).toMatchObject({
    command: ['tidemark', 'compare', 'fedavg', '--trials', '2', '--clients', '3'],
    args: ['--shard', 'auto/2', '--out', '/results/fedavg/$(JOB_COMPLETION_INDEX)'],
    // 2 + 3 x 1 GiB, and half a GiB for Tidemark.
    resources: { requests: { memory: '5632Mi' }, limits: { memory: '5632Mi' } },
  })
})

interface KubernetesJob {
  spec: { template: { spec: { restartPolicy: string; containers: unknown[] } } }
}

test.each([
  [['--slurm', '--kubernetes'], ['fedavg'], 'found --slurm and --kubernetes, expected one of them'],
  [['--kubernetes'], ['fedavg'], '--kubernetes needs --image'],
  [['--slurm', '--memory', 'sever=1GiB'], ['fedavg'], 'fedavg has no role "sever"\n  Did you mean "server"?'],
  [['--slurm', '--shards', '9'], ['fedavg'], '9 shards of 4 trials of each setting'],
  [['--slurm'], ['fedavg', '--out', 'x'], 'found --out after --'],
  [['--slurm'], ['fedavg', '--round', '5'], "unknown option '--round'"],
])('submit %j -- %j is refused with what would be right', async (args, compareArguments, message) => {
  const { code, stdout, stderr } = await tidemark(['submit', ...args, '--', ...compareArguments])
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain(message)
})

function changed(from: string, to: string, change: Partial<Comparison>): void {
  const comparison = { ...read(from), ...change }
  cpSync(join(folder, from), join(folder, to), { recursive: true })
  writeFileSync(join(folder, to, 'comparison.json'), JSON.stringify(comparison))
}

/** As on a node where it is installed. */
function withTidemarkOnPath(run: (env: NodeJS.ProcessEnv) => void): void {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'tidemark'), `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`)
  chmodSync(join(bin, 'tidemark'), 0o755)
  run({ ...process.env, PATH: `${bin}:${process.env.PATH}` })
}
