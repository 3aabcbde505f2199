/**
 * Documents that show what a run printed have it pasted in from the committed file, never typed by hand. A block
 *
 *     <!-- paste FILE: FIRST LINE -->
 *     ...
 *     <!-- end -->
 *
 * holds the paragraph of FILE that begins with FIRST LINE: a table of Markdown as it is, anything else as text. With
 * `npx vitest run test/docs/figures.test.ts -u` the blocks are pasted again.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const BLOCK = /^<!-- paste (\S+): (.+) -->\n[\s\S]*?^<!-- end -->$/gm

const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const documents = ['README.md', ...pages.map((name) => join('docs', name))]

test.each(documents)('what %s shows of a run is what the committed run printed', async (name) => {
  await expect(pasteFigures(readFileSync(join(root, name), 'utf8'))).toMatchFileSnapshot(join(root, name))
})

test('the first screen of the README shows figures, and they come from a committed run', () => {
  const [firstScreen] = readFileSync(join(root, 'README.md'), 'utf8').split('\n## ')
  expect(firstScreen!.match(BLOCK)?.[0]).toMatch(/^<!-- paste bench\/results\/\S+: .+\n```text\n[\s\S]+\bMiB\b/)
})

function pasteFigures(document: string): string {
  return document.replaceAll(BLOCK, (_, file: string, firstLine: string) => {
    const paragraph = paragraphOf(file, firstLine)
    const block = paragraph.startsWith('|') ? paragraph : `\`\`\`text\n${paragraph}\n\`\`\``
    return `<!-- paste ${file}: ${firstLine} -->\n${block}\n<!-- end -->`
  })
}

function paragraphOf(file: string, firstLine: string): string {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  const from = lines.findIndex((line) => line.startsWith(firstLine))
  if (from < 0) throw new Error(`${file} has no line that begins with "${firstLine}"`)
  const length = lines.slice(from).indexOf('')
  return lines.slice(from, length < 0 ? undefined : from + length).join('\n')
}
