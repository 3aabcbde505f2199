import { expect, it } from 'vitest'
import { Roster } from '../../../src/federation/swarm/roster.js'

it('a peer that is silent is lost, and back with its next heartbeat; one that joins again has lost its memory', () => {
  let nowMs = 0
  const roster = new Roster({ size: 2, silenceMs: 100, nowMs: () => nowMs })
  expect(roster.join('b', 'http://127.0.0.1:1')).toMatchObject({ isReturning: false })
  const { session } = roster.join('a', 'http://127.0.0.1:2')
  expect([roster.isComplete, roster.lost]).toEqual([true, []])
  nowMs = 101
  roster.beat('a', session, { round: 3, votes: true })
  expect(roster.lost).toEqual(['b'])
  expect(roster.join('b', 'http://127.0.0.1:3')).toMatchObject({ isReturning: true })
  expect(roster.entries).toEqual([
    { name: 'a', url: 'http://127.0.0.1:2', round: 3, votes: true, isLost: false },
    { name: 'b', url: 'http://127.0.0.1:3', round: 0, votes: false, isLost: false },
  ])
  expect(() => roster.beat('b', 'an old session', { round: 3, votes: true })).toThrow(
    'another process has joined as "b" since',
  )
  expect(() => roster.join('c', 'http://127.0.0.1:4')).toThrow('the job has its 2 peers already: a, b')
})
