import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Comparison } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { type GitRepository, gitRepository, HOLDING_SUITE, holdingProgram } from '../git-repository.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const root = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const cache = join(root, 'cache')
const repository = gitRepository(join(root, 'project'))
const first = repository.commit('Hold 30 MiB', {
  'job.py': holdingProgram(30),
  'job.memory.json': JSON.stringify(HOLDING_SUITE),
  '.gitignore': 'runs\nbuilt.txt\nresults*\n',
})
repository.git('branch', 'before')
const second = repository.commit('Hold 50 MiB', { 'job.py': holdingProgram(50) })

function tidemark(
  args: string[],
  { env = {}, cwd = repository.folder }: { env?: Record<string, string>; cwd?: string } = {},
) {
  return runTidemark(args, { cwd, env: { XDG_CACHE_HOME: cache, ...env } })
}

const compare = (...args: string[]) => tidemark(['compare', 'job.memory.json', '--trials', '1', ...args])

function peaksOf(out: string): Record<string, number> {
  const { trials } = readComparison(out)
  return Object.fromEntries(
    trials.map(({ setting, rounds }) => [setting, Math.max(...rounds.map((one) => one.peakBytes!))]),
  )
}

function readComparison(out: string): Comparison {
  return JSON.parse(readFileSync(join(repository.folder, out, 'comparison.json'), 'utf8')) as Comparison
}

/** What git knows of worktrees, and the folders that hold files of refs. */
function left({ folder, git }: GitRepository = repository, from = cache) {
  const checkouts = existsSync(join(from, 'tidemark/refs')) ? readdirSync(join(from, 'tidemark/refs')) : []
  return {
    worktrees: git('worktree', 'list', '--porcelain')
      .split('\n')
      .filter((line) => line.startsWith('worktree ') && line !== `worktree ${folder}`),
    trees: checkouts.flatMap((name) => readdirSync(join(from, 'tidemark/refs', name)).map((one) => join(name, one))),
  }
}

describe('git refs as an axis', () => {
  test('each ref runs its own files, and nothing of it is left', async () => {
    const { code, stdout, stderr } = await compare('--refs', 'before,HEAD', '--out', 'results-1')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('ref=HEAD')
    const { 'ref=before': before, 'ref=HEAD': now } = peaksOf('results-1')
    expect(now! - before!).toBeGreaterThan(19 * MIB)
    expect(now! - before!).toBeLessThan(21 * MIB)
    expect(readComparison('results-1').refs).toEqual([
      { ref: 'before', commit: first, subject: 'Hold 30 MiB' },
      { ref: 'HEAD', commit: second, subject: 'Hold 50 MiB' },
    ])
    expect(left()).toEqual({ worktrees: [], trees: [] })
    expect(repository.git('status', '--porcelain')).toBe('')
  })

  test('a ref is built once by a command, and what it made is there in every later comparison', async () => {
    const builds = join(root, 'builds.txt')
    const args = ['--refs', 'before,HEAD', '--build', `echo built >>${builds}; cp job.py built.py`]
    const suite = {
      ...HOLDING_SUITE,
      workload: { ...HOLDING_SUITE.workload, command: HOLDING_SUITE.workload.command.replace('job.py', 'built.py') },
    }
    writeFileSync(join(root, 'built.memory.json'), JSON.stringify(suite))
    const run = (out: string) => tidemark(['compare', '../built.memory.json', '--trials', '1', ...args, '--out', out])
    const one = await run('results-2')
    expect(one.code, one.stderr).toBe(0)
    expect(one.stderr).toMatch(/^before \([0-9a-f]{10}, Hold 30 MiB\): building$/m)
    expect(left().worktrees).toEqual([])
    const two = await run('results-3')
    expect(two.code, two.stderr).toBe(0)
    expect(two.stderr).toMatch(/^HEAD \(.*\): built before, taken from /m)
    expect(readFileSync(builds, 'utf8')).toBe('built\nbuilt\n')
    expect(peaksOf('results-3')['ref=HEAD']! - peaksOf('results-3')['ref=before']!).toBeGreaterThan(19 * MIB)
    expect(left().worktrees).toEqual([])
  })

  test('other axes combine with it, and each setting is compared with the same one of the first ref', async () => {
    const { code, stderr } = await compare('--refs', 'before,HEAD', '--arena-max', 'unset,4', '--out', 'results-4')
    expect(code, stderr).toBe(0)
    expect(readComparison('results-4').settings.map(({ label }) => label)).toEqual([
      'ref=before arena=unset',
      'ref=before arena=4',
      'ref=HEAD arena=unset',
      'ref=HEAD arena=4',
    ])
  })

  test('WORKTREE is the checkout with what is not committed, which stays as it is', async () => {
    writeFileSync(join(repository.folder, 'job.py'), 'from held import *\n')
    writeFileSync(join(repository.folder, 'held.py'), holdingProgram(80))
    const status = repository.git('status', '--porcelain')
    const { code, stderr } = await compare('--refs', 'HEAD,WORKTREE', '--out', 'results-5')
    expect(code, stderr).toBe(0)
    const { 'ref=HEAD': head, 'ref=WORKTREE': now } = peaksOf('results-5')
    expect(now! - head!).toBeGreaterThan(29 * MIB)
    expect(repository.git('status', '--porcelain')).toBe(status)
    const left = await compare('--refs', 'before,HEAD', '--out', 'results-6')
    expect(left.code).toBe(0)
    expect(readComparison('results-6').warnings.join()).toContain('changes that are not committed, which are in no ref')
    repository.git('checkout', '--quiet', 'job.py')
    rmSync(join(repository.folder, 'held.py'))
  })

  test('a script that a ref lacks is that of the checkout, and the output says so', async () => {
    repository.commit('Measure the job by a script of its own', {
      'measure.py': 'exec(open("job.py").read())\n',
      'measured.memory.json': JSON.stringify({
        ...HOLDING_SUITE,
        workload: {
          ...HOLDING_SUITE.workload,
          command: HOLDING_SUITE.workload.command.replace('job.py', 'measure.py'),
        },
      }),
    })
    const { code, stderr } = await tidemark([
      'compare',
      'measured.memory.json',
      '--trials',
      '1',
      '--refs',
      'before,HEAD',
      '--out',
      'results-7',
    ])
    expect(code, stderr).toBe(0)
    const { warnings } = readComparison('results-7')
    expect(warnings).toContain('before has no measured.memory.json: the job of the checkout is used for it.')
    expect(warnings).toContain('before has no measure.py: that of the checkout is used for it.')
    expect(peaksOf('results-7')['ref=HEAD']! - peaksOf('results-7')['ref=before']!).toBeGreaterThan(19 * MIB)
  })

  test('in a folder of the checkout, commands run in that folder of the ref', async () => {
    repository.commit('Add a folder', {
      'inner/job.py': holdingProgram(10),
      'inner/job.memory.json': JSON.stringify(HOLDING_SUITE),
    })
    repository.commit('Hold more in it', { 'inner/job.py': holdingProgram(20) })
    const { code, stderr } = await tidemark(
      ['compare', 'job.memory.json', '--trials', '1', '--refs', 'HEAD~1,HEAD', '--out', '../results-8'],
      {
        cwd: join(repository.folder, 'inner'),
      },
    )
    expect(code, stderr).toBe(0)
    const { 'ref=HEAD~1': before, 'ref=HEAD': now } = peaksOf('results-8')
    expect(now! - before!).toBeGreaterThan(9 * MIB)
    expect(now! - before!).toBeLessThan(11 * MIB)
  })
})

describe('a worktree is removed', () => {
  test.each(['SIGINT', 'SIGKILL'] as const)('after %s', async (signal) => {
    const own = join(temporaryFolder(), 'cache')
    const fifo = join(root, `ready-${signal}`)
    const args = [
      'compare',
      'job.memory.json',
      '--trials',
      '1',
      '--refs',
      'before,HEAD',
      '--build',
      `touch ${fifo}; sleep 1000`,
      '--out',
      `results-${signal}`,
    ]
    const { child, finished } = startTidemark(args, { cwd: repository.folder, env: { XDG_CACHE_HOME: own } })
    await until(() => existsSync(fifo))
    expect(left(repository, own).worktrees.length).toBe(1)
    child.kill(signal)
    const { code, stderr } = await finished
    expect(code, stderr).toBe(signal === 'SIGINT' ? 130 : null)
    if (signal === 'SIGKILL') {
      const next = await tidemark(
        ['compare', 'job.memory.json', '--trials', '1', '--refs', 'before,HEAD', '--out', 'results-next'],
        { env: { XDG_CACHE_HOME: own } },
      )
      expect(next.code, next.stderr).toBe(0)
    }
    expect(left(repository, own)).toEqual({ worktrees: [], trees: [] })
    expect(existsSync(join(repository.folder, `results-${signal}`))).toBe(signal === 'SIGKILL')
  })
})

describe('what cannot be compared is refused before anything runs', () => {
  test.each<[string, string[], RegExp]>([
    [
      'a ref that does not exist',
      ['--refs', 'befor,HEAD'],
      /there is no ref "befor" in .*\n {2}Did you mean "before"\?/,
    ],
    ['a ref that looks like an option', ['--refs', '--all,HEAD'], /there is no ref "--all"/],
    [
      'the same commit twice',
      ['--refs', 'HEAD,main'],
      /HEAD and main are the same commit, [0-9a-f]{10} \(.*\): there is nothing to compare/,
    ],
    ['one ref', ['--refs', 'HEAD'], /--refs.*found "HEAD", expected at least two git refs/],
    ['a build without refs', ['--build', 'make'], /--build builds git refs, and none were named/],
    [
      'a path into the checkout',
      ['--refs', 'before,HEAD'],
      /names .*job\.py by its whole path, which is the same file at every ref\n {2}Write it as it is named from the current folder: job\.py/,
    ],
  ])('%s', async (what, args, message) => {
    const suite = what === 'a path into the checkout' ? 'absolute.memory.json' : 'job.memory.json'
    const command = HOLDING_SUITE.workload.command.replace('job.py', join(repository.folder, 'job.py'))
    writeFileSync(
      join(repository.folder, 'absolute.memory.json'),
      JSON.stringify({ ...HOLDING_SUITE, workload: { ...HOLDING_SUITE.workload, command } }),
    )
    const { code, stderr } = await tidemark(['compare', suite, '--trials', '1', ...args, '--out', 'results-refused'])
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(message)
    expect(existsSync(join(repository.folder, 'results-refused'))).toBe(false)
    rmSync(join(repository.folder, 'absolute.memory.json'))
  })

  test('a job of our own, which is the same at every ref', async () => {
    const { code, stderr } = await tidemark(['compare', 'fedavg', '--refs', 'before,HEAD'])
    expect(code).toBe(2)
    expect(stderr).toContain("is a job of Tidemark's own, which is the same at every ref")
  })

  test('a folder that is no checkout, and a machine without git', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'job.memory.json'), JSON.stringify(HOLDING_SUITE))
    const none = await tidemark(['compare', 'job.memory.json', '--refs', 'main,HEAD'], { cwd: folder })
    expect(none.code).toBe(2)
    expect(none.stderr).toMatch(/is in no checkout of git, so it has no refs\n {2}Run this in a checkout of git\./)
    const without = await tidemark(['compare', 'job.memory.json', '--refs', 'main,HEAD'], { env: { PATH: '/nowhere' } })
    expect(without.code).toBe(2)
    expect(without.stderr).toContain('there is no program "git" in PATH\n  Install git.')
  })

  test('a shallow clone says how to get the rest', async () => {
    const folder = join(temporaryFolder(), 'clone')
    repository.git('clone', '--quiet', '--depth', '1', `file://${repository.folder}`, folder)
    const { code, stderr } = await tidemark(['compare', 'job.memory.json', '--refs', 'before,HEAD'], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toMatch(/"before" in this clone, which is shallow.*\n {2}git fetch --unshallow, or .*fetch-depth: 0/)
  })

  test('a build that fails, with the end of its log; and one that hangs', async () => {
    const failing = await compare(
      '--refs',
      'before,HEAD',
      '--build',
      'echo no rule to make it; exit 7',
      '--out',
      'results-failed',
    )
    expect(failing.code).toBe(3)
    expect(failing.stderr).toMatch(
      /the build of before \(.*, Hold 30 MiB\) exited with code 7\nLast lines of .*build\.log:\n {2}no rule to make it/,
    )
    expect(existsSync(join(repository.folder, 'results-failed'))).toBe(false)
    const hanging = await compare(
      '--refs',
      'before,HEAD',
      '--build',
      'echo waiting; sleep 1000',
      '--build-deadline',
      '300ms',
    )
    expect(hanging.code).toBe(3)
    expect(hanging.stderr).toMatch(/was ended: it took longer than 300 ms\n/)
    expect(left().worktrees).toEqual([])
  })
})

test('submodules are there, and pointers of Git LFS are reported', async () => {
  const library = gitRepository(join(root, 'library'))
  library.commit('Hold', { 'held.py': holdingProgram(20) })
  const project = gitRepository(join(root, 'with-submodule'))
  project.commit('Begin', { 'job.py': holdingProgram(10), 'job.memory.json': JSON.stringify(HOLDING_SUITE) })
  project.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', library.folder, 'library')
  project.commit('Take it from the library', {
    'job.py': 'exec(open("library/held.py").read())\n',
    '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
    'weights.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`,
  })
  const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.file.allow', GIT_CONFIG_VALUE_0: 'always' }
  const { code, stderr } = await tidemark(
    ['compare', 'job.memory.json', '--trials', '1', '--refs', 'HEAD~1,HEAD', '--out', '../results-sub'],
    { cwd: project.folder, env },
  )
  expect(code, stderr).toBe(0)
  const { warnings } = JSON.parse(readFileSync(join(root, 'results-sub/comparison.json'), 'utf8')) as Comparison
  expect(warnings.join('\n')).toMatch(/HEAD \(.*\) holds 1 pointers of Git LFS in place of files \(weights\.bin\)/)
  const refused = await tidemark(
    ['compare', 'job.memory.json', '--trials', '1', '--refs', 'HEAD~1,HEAD', '--out', '../results-none'],
    { cwd: project.folder },
  )
  expect(refused.code).toBe(3)
  expect(refused.stderr).toMatch(/has submodules that cannot be fetched: [\s\S]*submodules: true/)
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 20))
}
