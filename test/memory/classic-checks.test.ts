import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

it('the classic checks are met under glibc', { timeout: 120_000 }, async () => {
  const { code, stdout } = await runChecks(ROOT)
  expect(stdout).toMatch(/glibc +\d+ +\d+ +\d+ +\d+ % to \d+ %/)
  expect(stdout).toMatch(/glibc +each round( +\d+){10}\n/)
  expect(stdout).toContain('As expected.')
  expect(code).toBe(0)
})

it('without a way to purge they are not, which they say, with exit code 1', { timeout: 120_000 }, async () => {
  const { code, stdout } = await runChecks(copyWithoutKoffi())
  expect(stdout).toMatch(/glibc: -?\d+ % came back, at least 90 % was expected/)
  expect(stdout).toContain('not run')
  expect(code).toBe(1)
})

async function runChecks(root: string): Promise<{ code: number; stdout: string }> {
  const program = join(root, 'suites/common/check.mjs')
  const env = { ...process.env, NODE_OPTIONS: '' }
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [program, 'glibc'], { env })) }
  } catch (error) {
    return error as { code: number; stdout: string }
  }
}

/** The package as it would be installed, in a folder from which no node_modules can be seen. */
function copyWithoutKoffi(): string {
  const folder = temporaryFolder()
  for (const part of ['dist', 'suites/common', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  return folder
}
