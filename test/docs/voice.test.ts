/** Comments and docs are plain English: CONTRIBUTING.md, "Habits". */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const WIDTH = 100

/** Words of a private language that the source once spoke; each has a plain one. */
const PRIVATE_WORDS = /\b(anew|whoever|whomever|nobody'?s?|gone on with|goes? on with|is told of|be told of)\b/i

const COMMENT = /^\s*(\/\*\*|\*|\/\/)/
const CANNOT_WRAP = /https?:|biome-ignore|<reference /

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file))

const comments = files.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .map((text, index) => ({ place: `${file}:${index + 1}`, text }))
    .filter(({ text }) => COMMENT.test(text)),
)

it(`comments of the source are at most ${WIDTH} columns wide`, () => {
  expect(comments.length).toBeGreaterThan(3000)
  const wide = comments.filter(({ text }) => text.length > WIDTH && !CANNOT_WRAP.test(text))
  expect(wide.map(({ place }) => place)).toEqual([])
})

it('comments of the source use plain words', () => {
  expect(
    comments.filter(({ text }) => PRIVATE_WORDS.test(text)).map(({ place, text }) => `${place}: ${text.trim()}`),
  ).toEqual([])
})

it('the docs use plain words', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync('docs').map((page) => join('docs', page))].filter(
    (page) => page.endsWith('.md'),
  )
  const found = pages.flatMap((page) =>
    readFileSync(page, 'utf8')
      .split('\n')
      .filter((line) => PRIVATE_WORDS.test(line))
      .map((line) => `${page}: ${line}`),
  )
  expect(found).toEqual([])
})
