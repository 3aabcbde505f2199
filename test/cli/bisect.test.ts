import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { BisectState } from '../../src/comparison/bisect/bisect-state.js'
import type { BisectReport } from '../../src/report/terminal/bisect-text.js'
import { gitRepository, HOLDING_SUITE, holdingProgram } from '../git-repository.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const root = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Sixteen commits: the eleventh holds 8 MiB more, the eighth does not build. */
const repository = gitRepository(join(root, 'project'))
const CULPRIT = 11
const commits = Array.from({ length: 17 }, (_, place) => {
  if (place === 9) repository.git('rm', '--quiet', 'broken')
  return repository.commit(`Change ${place}`, {
    'job.py': `# ${place}\n${holdingProgram(place < CULPRIT ? 40 : 48)}`,
    'job.memory.json': JSON.stringify(HOLDING_SUITE),
    '.gitignore': 'runs\nresults*\n',
    ...(place === 8 ? { broken: '' } : {}),
  })
})

const BUILD = ['--build', 'test ! -e broken']
const options = { cwd: repository.folder, env: { XDG_CACHE_HOME: join(root, 'cache') } }
const bisect = (...args: string[]) => runTidemark(['bisect', ...args], options)

describe('tidemark bisect over 16 commits of a small Python program', () => {
  test('finds the commit that made it worse, after Ctrl-C too, and prints what it has tried', {
    timeout: 400_000,
  }, async () => {
    const range = [
      '--good',
      commits[0]!,
      '--bad',
      commits[16]!,
      '--job',
      'job.memory.json',
      ...BUILD,
      '--out',
      'results-1',
    ]
    const { child, finished } = startTidemark(['bisect', ...range], options)
    await until(() => stateOf('results-1')?.rounds.some(({ between }) => between !== null) === true)
    child.kill('SIGINT')
    const stopped = await finished
    expect(stopped.code, stopped.stderr).toBe(130)
    expect(stopped.stdout).toContain('Continue with: tidemark bisect --resume results-1')
    const before = stateOf('results-1')!.rounds.length
    expect(repository.git('worktree', 'list').split('\n').length).toBe(1)

    const { code, stdout, stderr } = await bisect('--resume', 'results-1')
    expect(code, stdout + stderr).toBe(0)
    expect(stateOf('results-1')!.rounds.length).toBeGreaterThan(before)
    const [headline, effect] = stdout.split('\n')
    expect(headline).toBe(`${commits[CULPRIT]!.slice(0, 10)} is the commit: Change 11`)
    expect(effect).toMatch(
      /^Its peak changes by \+[78]\.\d MiB \(\+1\d\.\d %\), 95 % interval \+\d\.\d MiB to \+\d\.\d MiB; with probability \d+\.\d % it is this one\.$/,
    )
    expect(stdout).toMatch(new RegExp(`^  ${commits[10]!.slice(0, 10)}  .*; \\d+ trials  Change 10$`, 'm'))
    expect(repository.git('worktree', 'list').split('\n').length).toBe(1)
  })

  test('skips a commit that does not build, and says when only such ones are left', { timeout: 400_000 }, async () => {
    const range = ['--good', commits[6]!, '--bad', commits[12]!, '--job', 'job.memory.json', '--json']
    const { code, stdout, stderr } = await bisect(
      ...range,
      '--build',
      'test ! -e broken && ! grep -q "^# 1[01]$" job.py',
      '--out',
      'results-2',
    )
    expect(code, stderr).toBe(4)
    const { outcome, skipped } = JSON.parse(stdout) as BisectReport
    expect(outcome).toMatchObject({ kind: 'one of', commits: [4, 5, 6] })
    expect(skipped.map(({ commit }) => commit).sort()).toEqual(expect.arrayContaining([4, 5]))
    expect(skipped[0]!.reason).toMatch(/^the build of .* exited with code 1$/)
  })

  test('says that good and bad do not differ', async () => {
    const { code, stdout, stderr } = await bisect(
      '--good',
      commits[0]!,
      '--bad',
      commits[4]!,
      '--job',
      'job.memory.json',
      '--min-change',
      '4MiB',
      '--out',
      'results-3',
    )
    expect(code, stderr).toBe(1)
    expect(stdout).toMatch(/^The peak of [0-9a-f]{40} and [0-9a-f]{40} does not differ by what matters\.\n/)
  })
})

describe('what cannot be searched is refused before anything runs', () => {
  test.each<[string, string[], RegExp]>([
    ['no good commit', ['--job', 'job.memory.json'], /no good commit was named/],
    ['no job', ['--good', 'HEAD~3'], /no job was named/],
    [
      'a good commit that is none before the bad one',
      ['--good', 'HEAD', '--bad', 'HEAD~3', '--job', 'job.memory.json'],
      /HEAD \([0-9a-f]{10}\) is no ancestor of HEAD~3/,
    ],
    ['the same commit', ['--good', 'HEAD', '--job', 'job.memory.json'], /HEAD and HEAD are the same commit/],
    [
      'several settings',
      ['--good', 'HEAD~3', '--job', 'job.memory.json', '--arena-max', '1,2'],
      /one setting is searched at a time\n {2}Choose one: --arena-max 1/,
    ],
    ['a folder without a search', ['--resume', '.'], /holds no search of tidemark bisect/],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await bisect(...args)
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(message)
  })

  test('a shallow clone', async () => {
    const folder = join(root, 'clone')
    repository.git('clone', '--quiet', '--depth', '2', `file://${repository.folder}`, folder)
    const { code, stderr } = await runTidemark(['bisect', '--good', commits[0]!, '--job', 'job.memory.json'], {
      ...options,
      cwd: folder,
    })
    expect(code).toBe(2)
    expect(stderr).toMatch(/shallow/)
  })

  test('an end that does not build', async () => {
    const { code, stderr } = await bisect(
      '--good',
      commits[8]!,
      '--bad',
      commits[12]!,
      '--job',
      'job.memory.json',
      ...BUILD,
    )
    expect(code).toBe(3)
    expect(stderr).toMatch(/the build of .*Change 8\) exited with code 1/)
  })
})

function stateOf(folder: string): BisectState | undefined {
  const file = join(repository.folder, folder, 'bisect.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BisectState) : undefined
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 20))
}
