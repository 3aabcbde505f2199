import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')

/** Where no optional program is to be found. */
function runExample(name: string, environment: Record<string, string | undefined> = {}) {
  const args = [VITEST, 'run', '--config', join(ROOT, 'test/fixtures/left-out/vitest.config.ts'), name]
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: '/nowhere', NO_COLOR: '1', ...environment }
  for (const key of Object.keys(env))
    if (env[key] === undefined || /^VITEST|^TIDEMARK_LEFT_OUT_FILE$/.test(key)) delete env[key]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

test('a test whose part is missing is left out, and the end of the run says which part, why, and what brings it', () => {
  const { status, output } = runExample('part', { CI: undefined })
  expect(status, output).toBe(0)
  expect(output).toMatch(
    /\nLeft out: 1 test of parts that this machine does not have\.\n {2}bash scripts\/system-packages\.sh brings:\n {4}promtool, for 1 test: there is no promtool in PATH\n$/,
  )
})

test('with CI=true a missing part fails the run and is named', () => {
  const { status, output } = runExample('part', { CI: 'true' })
  expect(status).toBe(1)
  expect(output).toContain('CI=true, and a test needs promtool, which is missing here: there is no promtool in PATH')
  expect(output).toContain('Run: bash scripts/system-packages.sh')
})

test('a test that is left out without a reason fails the run and is named', () => {
  const { status, output } = runExample('without-reason', { CI: undefined })
  expect(status).toBe(1)
  expect(output).toContain('left out without a reason: without-reason.example.ts: says nothing')
})

test('no test decides by itself what it leaves out', () => {
  const own =
    /\b(?:test|it|describe)\.(?:skip|todo|skipIf|runIf|only)\b|\bcontext\.skip\(|process\.env\.CI\b|console\.log\(['`](?:skipped|left out|not (?:tested|checked))/
  const files = readdirSync(join(ROOT, 'test'), { recursive: true }) as string[]
  const found = files
    .filter((name) => name.endsWith('.test.ts') && name !== 'optional-parts.test.ts')
    .filter((name) => own.test(readFileSync(join(ROOT, 'test', name), 'utf8')))
  expect(found).toEqual([])
})
