import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import { programsOf } from '../frameworks/framework-job.js'

/** The folder of the companion for Python. */
export const COMPANION = resolve(import.meta.dirname, '../../python')

/** The Python of the environment with pytest and mypy (scripts/frameworks.sh). */
export const ENVIRONMENT_PYTHON = join(programsOf('pytest-9.2'), 'python')

/** Installs the companion with pip below a folder, without the network; returns what PYTHONPATH then needs. */
export function installCompanion(folder: string): string {
  const copy = join(folder, 'python') // setuptools builds in the source's folder
  cpSync(COMPANION, copy, { recursive: true })
  const site = join(folder, 'site')
  const options = ['--quiet', '--no-build-isolation', '--no-deps', '--no-index', '--disable-pip-version-check']
  const installed = spawnSync(ENVIRONMENT_PYTHON, ['-m', 'pip', 'install', ...options, '--target', site, copy], {
    encoding: 'utf8',
  })
  expect(installed.status, installed.stderr).toBe(0)
  return site
}

/** The snippets of Python on the companion's own page. */
export function snippetsOfPage(): string[] {
  const page = readFileSync(join(COMPANION, 'README.md'), 'utf8')
  return [...page.matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)
}
