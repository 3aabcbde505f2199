import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSuite } from '../../src/comparison/definition/suite.js'
import { planComparison } from '../../src/comparison/plan/plan.js'
import { UsageError } from '../../src/shared/errors.js'
import { temporaryFolder } from '../temporary-folder.js'

const definition = `{ name: 'mine', workload: { kind: 'federation', job: { algorithm: 'fedavg' } } }`

test('the name of an algorithm is the suite that ships', async () => {
  const [byName] = await loadSuite('fedavg')
  const [byFolder] = await loadSuite('suites/fedavg')
  expect(byName).toEqual(byFolder)
  expect(byName?.source).toBe('suites/fedavg/fedavg.memory.ts')
  expect(planComparison(byName?.definition, 'x').expect).toEqual({
    serverMemoryGcRounds: { 0: ['grows', 'settling'], 5: ['sawtooth'], 1: ['stable'] },
  })
})

test('a folder gives every suite file in it and below it, in the order of their names', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'below'))
  writeFileSync(join(folder, 'b.memory.mjs'), `export default ${definition}`)
  writeFileSync(join(folder, 'below', 'a.memory.ts'), `export default ${definition} satisfies object`)
  writeFileSync(join(folder, 'helper.ts'), 'throw new Error("not a suite")')
  const loaded = await loadSuite(folder)
  expect(loaded.map(({ source }) => source)).toEqual([join(folder, 'b.memory.mjs'), join(folder, 'below/a.memory.ts')])
  expect(loaded.map(({ definition }) => (definition as { name: string }).name)).toEqual(['mine', 'mine'])
})

test('a folder without a suite says what it looked for', async () => {
  const folder = temporaryFolder()
  await expect(loadSuite(folder)).rejects.toThrow(
    new UsageError(
      `the folder ${folder} holds no suite: no file in it ends in .memory.ts, .memory.js, .memory.mjs or .memory.json`,
      { fix: 'Name a suite file, or an algorithm such as fedavg.' },
    ),
  )
})

test('a name that is nothing gets a suggestion', async () => {
  await expect(loadSuite('fedavgg')).rejects.toMatchObject({
    message: 'there is no algorithm, file or folder "fedavgg"',
    fix: 'Did you mean "fedavg"?',
  })
})

test.each([
  ['a file that does not parse', 'export default {', /^cannot load .*x\.memory\.ts: /],
  ['a file that throws', 'throw new Error("no such thing")', /^cannot load .*x\.memory\.ts: no such thing$/],
  ['a file without a default export', 'export const x = 1', /x\.memory\.ts exports no comparison$/],
])('%s is refused by name', async (_fault, text, message) => {
  const file = join(temporaryFolder(), 'x.memory.ts')
  writeFileSync(file, text)
  await expect(loadSuite(file)).rejects.toThrow(message)
})
