/** One version stands in every file that names it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

test('the newest section of the changelog is of the version of package.json', () => {
  const [, newest] = /^## (\S+)/m.exec(readFileSync('CHANGELOG.md', 'utf8'))!
  expect(newest).toBe(version)
})

test('the lock file and the companion for Python have the same version', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  expect([lock.version, lock.packages[''].version]).toEqual([version, version])
  expect(readFileSync('python/pyproject.toml', 'utf8')).toContain(`version = "${version}"`)
  expect(readFileSync('python/tidemark/tidemark.py', 'utf8')).toContain(`__version__ = '${version}'`)
})

test('images in the docs are of this version', () => {
  const manifests = readdirSync('docs/kubernetes').map((file) => join('docs/kubernetes', file))
  const images = ['docs/watching.md', ...manifests].flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/tidemark:(\d+\.\d+\.\d+)/g)].map(([, found]) => found),
  )
  expect(images.length).toBeGreaterThan(1)
  expect(new Set(images)).toEqual(new Set([version]))
})
