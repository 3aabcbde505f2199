import { describe, expect, it } from 'vitest'
import { sampleClients } from '../../../src/federation/rounds/sample.js'
import { sampleSize } from '../../../src/options/job-check.js'

const clients = ['site-10', 'site-2', 'site-1', 'site-3', 'site-4']

describe('a draw', () => {
  it('is the same for the same seed, round and attempt, in whatever order clients joined', () => {
    const draw = { seed: 7, round: 3, attempt: 1 }
    expect(sampleClients(clients, 3, draw)).toEqual(sampleClients([...clients].reverse(), 3, draw))
  })

  it('has every client once, sorted', () => {
    expect(sampleClients(clients, 9, { seed: 1, round: 1, attempt: 0 })).toEqual([...clients].sort())
  })

  it('changes with the seed, the round and the attempt', () => {
    const many = Array.from({ length: 40 }, (_, index) => `site-${index}`)
    const base = { seed: 1, round: 1, attempt: 0 }
    const draws = [base, { ...base, seed: 2 }, { ...base, round: 2 }, { ...base, attempt: 1 }]
    expect(new Set(draws.map((draw) => sampleClients(many, 10, draw).join())).size).toBe(4)
  })

  it('takes every client equally often, within what chance allows', () => {
    const rounds = 2000
    const counts = new Map<string, number>()
    for (let round = 1; round <= rounds; round++)
      for (const name of sampleClients(clients, 2, { seed: 1, round, attempt: 0 }))
        counts.set(name, (counts.get(name) ?? 0) + 1)
    // 2 of 5: binomial with mean 800 and standard deviation 22; four of those either way.
    for (const client of clients) expect(Math.abs(counts.get(client)! - 800)).toBeLessThan(88)
  })
})

it.each([
  [1, 5, 5],
  [0.5, 5, 3],
  [0.1, 20, 2],
  [0.001, 5, 1],
])('a share of %d of %d clients is %d', (share, clientCount, size) => expect(sampleSize(share, clientCount)).toBe(size))
