import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PROGRAM } from '../tidemark.js'

const DECLARATION = /class (\w+) extends (?:Tidemark)?Error \{\n(?:\s+\/\*\*.*\n)?.*'(TIDEMARK_E_\w+)'/g

it('docs/errors.md lists every error code of the source with its class, and no other', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const declared = files
    .flatMap((file) => [...readFileSync(join('src', file), 'utf8').matchAll(DECLARATION)])
    .map(([, name, code]) => `${code} ${name}`)
  const page = readFileSync('docs/errors.md', 'utf8')
  const listed = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map(([, code, name]) => `${code} ${name}`)
  expect(declared.length).toBeGreaterThan(5)
  expect(listed.sort()).toEqual(declared.sort())
})

it('an error prints its code with TIDEMARK_DEBUG=1', () => {
  const env = { ...process.env, TIDEMARK_DEBUG: '1' }
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'compare', '/nowhere'], { encoding: 'utf8', env })
  expect(stderr).toContain('TIDEMARK_E_USAGE')
  expect(status).toBe(2)
})
