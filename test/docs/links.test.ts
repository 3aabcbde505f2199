import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)) && !file.startsWith('test/fixtures/'))

const pages = files.filter((file) => file.endsWith('.md'))

describe.each(pages)('%s', (file) => {
  test('links to files and headings that are there', () => {
    expect(linksOf(read(file)).filter((link) => !resolves(file, link))).toEqual([])
  })
})

// Results name the files of the time when they were measured.
describe.each(pages.filter((file) => !file.startsWith('bench/results/')))('%s', (file) => {
  test('names files and folders of this repository that are there', () => {
    expect(pathsOf(read(file)).filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})

test('the index of measured results names every one', () => {
  const measured = files.filter((file) => /^bench\/results\/[^/]+\.(md|txt)$/.test(file) && !file.endsWith('README.md'))
  const indexed = linksOf(read('bench/results/README.md')).map((link) => join('bench/results', link))
  expect(measured.filter((file) => !indexed.includes(file))).toEqual([])
})

test('the README leads to the index of the docs, and the index to every page', () => {
  expect(linksOf(read('README.md'))).toContain('docs/README.md')
  const pages = files.filter((file) => /^docs\/[^/]+\.md$/.test(file) && file !== 'docs/README.md')
  const indexed = linksOf(read('docs/README.md')).map((link) => join('docs', link))
  expect(pages.filter((page) => !indexed.includes(page))).toEqual([])
})

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** Targets of `[text](target)`, outside of code. */
function linksOf(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
}

/** Paths in code that begin with a folder of this repository; `GROUP` and `*` stand for any name. */
function pathsOf(markdown: string): string[] {
  const folders = [...new Set(files.flatMap((file) => (file.includes('/') ? [file.split('/')[0]!] : [])))]
  return [...markdown.matchAll(/[`\s]([\w@.-]+(?:\/[\w@.=-]*[\w@=-])+)(?=[`\s])/g)]
    .map(([, path]) => path!)
    .filter((path) => folders.includes(path.split('/')[0]!) && !/\/[A-Z]+[./]/.test(path) && !path.startsWith('dist/'))
}

/** Pages of others are not asked for: a test needs no network. */
function resolves(from: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true
  const [path, heading] = link.split('#')
  const target = path === '' ? from : join(dirname(from), path!)
  if (!existsSync(join(root, target))) return false
  return heading === undefined || (statSync(join(root, target)).isFile() && anchorsOf(read(target)).includes(heading))
}

/** As GitHub names headings: lower case, punctuation gone, spaces as dashes. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
