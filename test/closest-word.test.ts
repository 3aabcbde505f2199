import { expect, test } from 'vitest'
import { closestWord, suggestWord } from '../src/shared/did-you-mean.js'

const known = ['rounds', 'clients', 'modelSize', 'seed']

test.each([
  ['round', 'rounds'],
  ['Rounds', 'rounds'],
  ['ruonds', 'rounds'],
  ['modelsize', 'modelSize'],
  ['sead', 'seed'],
])('"%s" most likely means "%s"', (given, meant) => {
  expect(closestWord(given, known)).toBe(meant)
})

test.each(['trials', 'x', 'batch'])('"%s" is near none of the known words', (given) => {
  expect(closestWord(given, known)).toBeUndefined()
})

test('without a near word the known ones are listed', () => {
  expect(suggestWord('batch', known)).toBe('Known: rounds, clients, modelSize, seed.')
  expect(suggestWord('roundss', known)).toBe('Did you mean "rounds"?')
})
