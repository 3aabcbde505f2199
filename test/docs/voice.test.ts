/** Comments and docs are plain English, and files short: CONTRIBUTING.md, "Habits". */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const WIDTH = 100

/**
 * Words of a private language that the source once spoke; each has a plain one. A suite may still
 * use `besides`, the earlier name of `extraSettings`.
 */
const PRIVATE_WORDS = /\b(told|anew|whoever|whomever|whom|nobody|besides|(go|goes|going|gone|went) on)\b/i
const EARLIER_NAME = /^src\/comparison\/plan\/plan\.ts: .*\bbesides\b(:|,| \?\?)/

const COMMENT = /^\s*(\/\*\*|\*|\/\/)/
const CANNOT_WRAP = /https?:|biome-ignore|<reference /

const comments = filesIn('src', /\.ts$/).flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .map((text, index) => ({ place: `${file}:${index + 1}`, text }))
    .filter(({ text }) => COMMENT.test(text)),
)

it('no file of the source is longer than 350 lines, and no folder has more than 15 files', () => {
  const files = filesIn('src', /\.\w+$/)
  const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 351)
  const folders = files.map(dirname)
  const full = new Set(folders.filter((folder) => folders.filter((other) => other === folder).length > 15))
  expect([long, [...full]]).toEqual([[], []])
})

it(`comments of the source are at most ${WIDTH} columns wide`, () => {
  expect(comments.length).toBeGreaterThan(3000)
  const wide = comments.filter(({ text }) => text.length > WIDTH && !CANNOT_WRAP.test(text))
  expect(wide.map(({ place }) => place)).toEqual([])
})

it.each([
  ['the source: comments, names and texts', 'src', /\.(ts|cts|c|css)$/],
  ['the companion for Python', 'python', /\.(py|md)$/],
  ['the docs', 'docs', /\.md$/],
])('%s uses plain words', (_, folder, kind) => {
  const pages = folder === 'docs' ? ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'] : []
  const found = [...pages, ...filesIn(folder, kind)].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => PRIVATE_WORDS.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  )
  expect(found.filter((line) => !EARLIER_NAME.test(line))).toEqual([])
})

function filesIn(folder: string, kind: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => kind.test(file) && !file.includes('node_modules'))
    .map((file) => join(folder, file))
}
