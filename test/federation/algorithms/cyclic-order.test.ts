import { describe, expect, it } from 'vitest'
import { cyclicOrder } from '../../../src/federation/algorithms/cyclic-order.js'

const clients = ['a', 'b', 'c', 'd']
const rounds = Array.from({ length: 200 }, (_, i) => i + 1)
const orders = (order: string) => rounds.map((round) => cyclicOrder(order, { clients, seed: 7, round }))

describe('the order of Cyclic', () => {
  it('is by name when it is fixed, and as given when it is given', () => {
    expect(cyclicOrder('fixed', { clients: ['b', 'a'], seed: 1, round: 5 })).toEqual(['a', 'b'])
    expect(cyclicOrder('c, a', { clients, seed: 1, round: 5 })).toEqual(['c', 'a'])
  })

  it.each(['random', 'random-without-same-in-a-row'])('has every client once when it is %s', (rule) => {
    for (const order of orders(rule)) expect([...order].sort()).toEqual(clients)
  })

  it('puts every client first about equally often when it is random, and repeats itself for a seed', () => {
    for (const client of clients) {
      const first = orders('random').filter((order) => order[0] === client).length
      expect(first).toBeGreaterThan(30)
      expect(first).toBeLessThan(70)
    }
    expect(orders('random')).toEqual(orders('random'))
    expect(cyclicOrder('random', { clients, seed: 8, round: 1 })).not.toEqual(
      cyclicOrder('random', { clients, seed: 7, round: 1 }),
    )
  })

  it('never begins a round with the client that ended the one before, where that is asked', () => {
    const repeats = (all: string[][]) => all.filter((order, i) => order[0] === all[i - 1]?.at(-1)).length
    expect(repeats(orders('random-without-same-in-a-row'))).toBe(0)
    expect(repeats(orders('random'))).toBeGreaterThan(20)
  })

  it('refuses a list that names a client that has not joined', () => {
    expect(() => cyclicOrder('a,x', { clients, seed: 1, round: 1 })).toThrow(
      '--order names x, and the clients of the job are a, b, c, d',
    )
  })
})
