import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type IPod, Pod } from 'kubernetes-models/v1'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { verbs } from '../../src/cli/parsing/verbs.js'

const FOLDER = new URL('../../docs/kubernetes/', import.meta.url)
const read = (name: string) => parse(readFileSync(fileURLToPath(new URL(name, FOLDER)), 'utf8')) as IPod
const manifests = readdirSync(FOLDER)

test.each(manifests)('%s is what the published schema of a pod accepts', (name) => {
  const manifest = read(name)
  expect(manifest).toMatchObject({ apiVersion: 'v1', kind: 'Pod' })
  new Pod(manifest).validate()
})

test.each(manifests)('%s runs tidemark with options that it has', async (name) => {
  const { containers, ephemeralContainers = [] } = read(name).spec!
  const [command] = [...containers, ...ephemeralContainers].flatMap(({ command: words = [] }) =>
    words[0] === 'tidemark' ? [words] : [],
  )
  const { options } = (await verbs[command![1]!]!()).command
  const flags = command!.filter((word) => word.startsWith('--'))
  expect(flags.length).toBeGreaterThan(0)
  expect(Object.values(options).map(({ flag }) => `--${flag}`)).toEqual(expect.arrayContaining(flags))
})

test('a manifest with a wrong type is refused, so that the test above says something', () => {
  const pod = read('sidecar.yaml') as unknown as { spec: { shareProcessNamespace: unknown } }
  pod.spec.shareProcessNamespace = 'yes'
  expect(() => new Pod(pod as unknown as IPod).validate()).toThrow('boolean')
})
