import { expect, test } from 'vitest'
import { parseCondition } from '../../../src/verdict/alerts/condition.js'
import { evaluate } from '../../../src/verdict/alerts/evaluate.js'
import { LiveState } from '../../../src/verdict/live/live-state.js'
import { GIB, MIB } from './sizes.js'

test.each([
  ['grows', { kind: 'verdict', is: 'grows', role: null }],
  ['rises(site-1)', { kind: 'verdict', is: 'rises', role: 'site-1' }],
  ['rss > 8GiB', { kind: 'memory', of: 'rss', role: null, isAbove: true, bound: { bytes: 8 * GIB } }],
  [
    'peak(server) > 90% of limit',
    { kind: 'memory', of: 'peak', role: 'server', isAbove: true, bound: { shareOfLimit: 0.9 } },
  ],
  ['limit within 30m', { kind: 'limit within', role: null, span: { ms: 1_800_000 } }],
  ['limit(server) within 50 rounds', { kind: 'limit within', role: 'server', span: { rounds: 50 } }],
  ['rss flat for 100 rounds', { kind: 'flat', role: null, span: { rounds: 100 } }],
  ['rss(client) < 10MB', { kind: 'memory', of: 'rss', role: 'client', isAbove: false, bound: { bytes: 10_000_000 } }],
])('"%s" is read', (text, term) => {
  expect(parseCondition(text, '--when').terms).toEqual([term])
})

test('"and" joins conditions that all have to hold', () => {
  expect(parseCondition('grows and rss > 1GiB', '--when').terms).toHaveLength(2)
})

test.each([
  '',
  'grow',
  'rss > ',
  'rss > 8 apples',
  'rss = 8GiB',
  'rss > 0',
  'limit within 0s',
  'rss flat for 2000 rounds',
  'grows or rises',
  'peak > 0% of limit',
])('"%s" is refused with what would be right', (text) => {
  expect(() => parseCondition(text, '--when')).toThrow(`--when: found "${text}", expected a condition such as grows`)
})

function stateOf(rssBytes: number): LiveState {
  const state = new LiveState({
    command: ['x'],
    startedMs: 0,
    limit: { bytes: GIB, name: 'the limit of the cgroup' },
    windowMs: 1e9,
  })
  sample(state, 1, rssBytes)
  return state
}

function sample(state: LiveState, timeMs: number, rssBytes: number): void {
  state.addSample(timeMs, [{ pid: 7, role: 'server', name: 's', rssBytes, peakBytes: rssBytes, peakKind: 'exact' }])
}

test('memory about a bound is one episode: it is over 5 % below the bound', () => {
  const condition = parseCondition('rss > 100MiB', '--when')
  expect(evaluate(condition, stateOf(99 * MIB).status(), false).holds).toBe(false)
  expect(evaluate(condition, stateOf(101 * MIB).status(), false)).toEqual({ holds: true, role: null })
  expect(evaluate(condition, stateOf(97 * MIB).status(), true).holds).toBe(true)
  expect(evaluate(condition, stateOf(94 * MIB).status(), true).holds).toBe(false)
})

test('a share of the limit is of the limit, and a role that is not there makes nothing true', () => {
  expect(evaluate(parseCondition('peak(server) > 90% of limit', ''), stateOf(0.95 * GIB).status(), false)).toEqual({
    holds: true,
    role: 'server',
  })
  expect(evaluate(parseCondition('rss(client) < 1GiB', ''), stateOf(MIB).status(), false).holds).toBe(false)
})
