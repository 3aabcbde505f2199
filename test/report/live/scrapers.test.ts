import { expect, test } from 'vitest'
import { Scrapers } from '../../../src/report/live/scrapers.js'

function scrapers() {
  let opened = 0
  const closed: number[] = []
  const all = new Scrapers(() => {
    const number = ++opened
    return { read: () => ({ processes: [], tree: null, number }), close: () => closed.push(number) }
  })
  const ask = (connection: object, name?: string, agent = 'Prometheus/2.42.0') =>
    (all.readerOf({ name, address: '127.0.0.1', agent, connection }).read() as unknown as { number: number }).number
  return { all, ask, closed }
}

test('two scrapers of one program at one address are distinguished by their connections', () => {
  const { ask } = scrapers()
  const [one, two] = [{}, {}]
  expect([ask(one), ask(two), ask(one), ask(two)]).toEqual([1, 2, 1, 2])
})

test('a scraper that connects again continues where it stopped, and another program does not take its place', () => {
  const { all, ask } = scrapers()
  const [before, after] = [{}, {}]
  expect(ask(before)).toBe(1)
  all.connectionEnded(before)
  expect(ask({}, undefined, 'curl/8')).toBe(2)
  expect(ask(after)).toBe(1)
})

test('a name is the same scraper on every connection', () => {
  const { ask } = scrapers()
  expect([ask({}, 'a'), ask({}, 'b'), ask({}, 'a')]).toEqual([1, 2, 1])
})

test('who never asks again is forgotten for one who does', () => {
  const { ask, closed } = scrapers()
  for (let i = 0; i < 65; i++) ask({}, `scraper ${i}`)
  expect(closed).toEqual([1])
  expect(ask({}, 'scraper 64')).toBe(65)
  expect(ask({}, 'scraper 0')).toBe(66)
})
