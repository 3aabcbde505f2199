import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { aggregatorOf, strangersOf } from '../../../src/federation/swarm/consensus/rotation.js'

const peers = ['a', 'b', 'c']
const turns = (rotation: string, attempt = 0) =>
  [1, 2, 3, 4, 5].map((round) => aggregatorOf({ rotation, peers, seed: 7 }, round, attempt)).join('')

describe('whose turn it is', () => {
  it.each([
    ['round-robin', 0, 'abcab'],
    ['round-robin', 1, 'bcabc'],
    ['round-robin', 4, 'bcabc'],
    ['fixed', 0, 'aaaaa'],
    ['fixed', 2, 'ccccc'],
    ['c,a', 0, 'cacac'],
    ['c,a', 1, 'ababa'],
  ])('with %s at attempt %i is %s', (rotation, attempt, expected) => expect(turns(rotation, attempt)).toBe(expected))

  it('is drawn by the hash of seed, round and attempt at random, so that anybody can check it', () => {
    for (const attempt of [0, 1]) {
      const drawn = [1, 2, 3, 4, 5].map((round) => {
        const hash = createHash('sha256').update(`7/${round}/${attempt}`).digest('hex')
        return peers[Number(BigInt(`0x${hash.slice(0, 12)}`) % 3n)]
      })
      expect(turns('random', attempt)).toBe(drawn.join(''))
    }
  })

  it('falls on everybody alike at random', () => {
    const counts = { a: 0, b: 0, c: 0 }
    for (let round = 1; round <= 3000; round++)
      counts[aggregatorOf({ rotation: 'random', peers, seed: 1 }, round, 0) as 'a']++
    // Three standard deviations of a binomial count are 77.
    for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(78)
  })
})

it('a list that names somebody else is found out', () => {
  expect(strangersOf({ rotation: 'a,x,b,y', peers, seed: 1 })).toEqual(['x', 'y'])
  expect(strangersOf({ rotation: 'fixed', peers, seed: 1 })).toEqual([])
})
