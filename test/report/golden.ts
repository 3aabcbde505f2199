import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/**
 * Holds a text against its committed file. On a mismatch the new text is written beside it as `-changed`, to be opened
 * and looked at; if it is right, rename it. A file that does not exist yet is written the same way.
 */
export function expectGolden(name: string, text: string): void {
  const golden = fileURLToPath(new URL(`golden/${name}`, import.meta.url))
  const changed = golden.replace(/(\.\w+)$/, '-changed$1')
  rmSync(changed, { force: true })
  const committed = existsSync(golden) ? readFileSync(golden, 'utf8') : undefined
  if (committed === text) return
  writeFileSync(changed, text)
  expect.fail(`${name} is not as committed: open ${changed} beside it; if it is right, rename it to ${name}`)
}
