import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { GateResult } from '../../src/report/ci/gate-result.js'
import { gateRepository } from '../git-repository.js'
import { runTidemark } from '../tidemark.js'

const root = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const repository = gateRepository(join(root, 'project'))

const check = (...args: string[]) =>
  runTidemark(['check', 'job.memory.json', ...args], {
    cwd: repository.folder,
    env: { XDG_CACHE_HOME: join(root, 'cache'), GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' },
  })

describe('tidemark check --against', () => {
  test('measures the other ref now, and fails on what has risen, in every output', async () => {
    const { code, stdout, stderr } = await check(
      '--against',
      'before',
      '--trials',
      '6',
      '--out',
      'results-1',
      '--junit',
      'junit.xml',
      '--markdown',
      'gate.md',
      '--github',
    )
    expect(code, stdout + stderr).toBe(1)
    expect(stdout).toMatch(
      /^job: [12] of 3 checks regressed\n\n {2}Worse +peak of the job \+(9\.\d|10) MiB \(\+\d+ %, 95 %: /,
    )
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /Against before \([0-9a-f]{10}, Hold 40 MiB\), measured in turn with HEAD \([0-9a-f]{10}, Hold 50 MiB\) /,
    )
    expect(stdout).toContain('\n  tidemark check results-1 --against before --details\n')
    expect(stderr).toMatch(/^::error file=job.memory.json,title=job%3A peak regressed::peak of the job/m)
    expect(readFileSync(join(repository.folder, 'junit.xml'), 'utf8')).toContain('<failure type="regression"')
    const markdown = readFileSync(join(repository.folder, 'gate.md'), 'utf8')
    expect(markdown).toMatch(/against before \([0-9a-f]{10}, Hold 40 MiB\)/)
  })

  test('a comparison of refs that ran is judged again without a trial', async () => {
    const run = (...args: string[]) =>
      runTidemark(['check', 'results-1', ...args, '--json'], { cwd: repository.folder, env: { GITHUB_ACTIONS: '' } })
    const { code, stdout } = await run('--against', 'before')
    expect(code).toBe(1)
    const [result] = JSON.parse(stdout) as GateResult[]
    expect(result).toMatchObject({ baseline: null, against: { before: { ref: 'before' }, after: { ref: 'HEAD' } } })
    expect(
      (await run('--against', 'before', '--allow-peak', '15MiB', '--allow-floor', '100%', '--allow-slope', '9MiB'))
        .code,
    ).toBe(0)
    const other = await run('--against', 'other')
    expect(other.code).toBe(2)
    expect(other.stderr).toContain('results-1 has no trials of the ref "other"; it has before, HEAD')
  })

  test('what is not committed is checked, and trials end as soon as it is clear', async () => {
    writeFileSync(join(repository.folder, 'notes.txt'), 'nothing that matters\n')
    const { code, stdout, stderr } = await check(
      '--against',
      'HEAD',
      '--trials',
      '12',
      '--allow-slope',
      '1MiB',
      '--out',
      'results-2',
      '--json',
    )
    expect(code, stdout + stderr).toBe(0)
    const [result] = JSON.parse(stdout) as GateResult[]
    expect(result!.against!.after.ref).toBe('WORKTREE')
    expect(result!.checks.map(({ state, isClear }) => ({ state, isClear }))).toEqual(
      Array.from({ length: 3 }, () => ({ state: 'ok', isClear: true })),
    )
    expect(result!.checks[0]!.trials.after).toBeLessThan(12)
    expect(result!.notes.join('\n')).toMatch(/It was clear after \d+ trials a side; up to 12 would have run\./)
    rmSync(join(repository.folder, 'notes.txt'))
  })

  test('has no use for a baseline beside it, nor for the same commit', async () => {
    const both = await check('--against', 'before', '--update-baseline')
    expect(both.code).toBe(2)
    expect(both.stderr).toContain('has no use for --update-baseline')
    const same = await check('--against', 'main')
    expect(same.code).toBe(2)
    expect(same.stderr).toMatch(/main and HEAD are the same commit/)
  })
})
