import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { gateRepository } from '../git-repository.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

const ACTION = readFileSync(fileURLToPath(new URL('../../action.yml', import.meta.url)), 'utf8')

test('the step of action.yml, run as the runner does, fails on a regression and writes what CI reads', {
  timeout: 200_000,
}, () => {
  const root = temporaryFolder()
  const repository = gateRepository(join(root, 'project'))
  writeFileSync(join(repository.folder, '.git/info/exclude'), 'node_modules\n')
  mkdirSync(join(repository.folder, 'node_modules/.bin'), { recursive: true })
  symlinkSync(PROGRAM, join(repository.folder, 'node_modules/.bin/tidemark'))
  const script = join(root, 'step.sh')
  writeFileSync(script, runOf(ACTION))
  const summary = join(root, 'summary.md')
  const inputs = { job: 'job.memory.json', against: 'before', build: '', trials: '4' }
  const step = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
    cwd: repository.folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      ...environmentOf(ACTION, inputs),
      XDG_CACHE_HOME: join(root, 'cache'),
      RUNNER_TEMP: root,
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: summary,
    },
  })
  expect(step.status, step.stdout + step.stderr).toBe(1)
  expect(step.stderr).toContain('::error file=job.memory.json,title=job%3A peak regressed::')
  expect(readFileSync(summary, 'utf8')).toContain('**regressed**')
  expect(readFileSync(join(root, 'tidemark.xml'), 'utf8')).toContain('<failure type="regression"')
})

/** The text of the one `run: |` of the action. */
function runOf(action: string): string {
  const lines = action.slice(action.indexOf('      run: |\n') + '      run: |\n'.length).split('\n')
  return lines.map((line) => line.replace(/^ {8}/, '')).join('\n')
}

/** Its `env:`, with the inputs in place of the expressions that name them. */
function environmentOf(action: string, inputs: Record<string, string>): Record<string, string> {
  const found = [...action.matchAll(/^ {8}(\w+): \$\{\{ inputs\.(\w+) \}\}$/gm)]
  return Object.fromEntries(found.map(([, name, input]) => [name!, inputs[input!] ?? '']))
}
