import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Finding } from '../../src/doctor/finding.js'
import { findAllocator } from '../../src/shared/allocator-library.js'
import { runTidemark } from '../tidemark.js'

async function examine(env: Record<string, string> = {}): Promise<Finding[]> {
  const { code, stdout, stderr } = await runTidemark(['doctor', '--json'], { env })
  expect(code, stderr).toBe(0)
  return (JSON.parse(stdout) as { findings: Finding[] }).findings
}

test('each allocator that is there has a path and a version, and each that is not says what it prevents', async () => {
  const findings = await examine()
  for (const name of ['jemalloc', 'mimalloc', 'tcmalloc']) {
    const found = findings.find((finding) => finding.name === name)!
    const path = findAllocator(name)
    if (path === undefined)
      expect(found).toMatchObject({ state: 'missing', means: `--allocator ${name} cannot be compared` })
    else expect(found).toMatchObject({ state: 'ok', path, found: expect.stringMatching(/\d+\.\d+/) as string })
  }
  for (const { path } of findings) expect(path === undefined || existsSync(path)).toBe(true)
  const node = findings.find(({ name }) => name === 'Node')
  expect(node).toMatchObject({ state: 'ok', found: process.version, path: process.execPath })
  expect(new Set(findings.map(({ group }) => group))).toEqual(new Set(['allocators', 'kernel', 'limits', 'programs']))
})

test('a program that is not in PATH is missing, with what that means', async () => {
  const findings = await examine({ PATH: '/nowhere' })
  expect(findings.find(({ name }) => name === 'Python')).toMatchObject({
    state: 'missing',
    found: 'not in PATH',
    means: 'no Python server can be compared',
  })
})

test('the report for people has every group', async () => {
  const { code, stdout } = await runTidemark(['doctor'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^allocators:\n[\s\S]*\nkernel:\n[\s\S]*\nlimits:\n[\s\S]*\nprograms:\n/)
  expect(stdout).toContain('clear_refs')
})
