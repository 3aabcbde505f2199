import { expect, test } from 'vitest'
import { parseMarkLine } from '../../src/recording/marks/mark-lines.js'

test.each([
  ['{"mark":"round","round":3}', { kind: 'bare', mark: { mark: 'round', round: 3 } }],
  ['{"mark":"start"}', { kind: 'bare', mark: { mark: 'start' } }],
  [
    '{"mark":"round-start","round":3,"pid":7,"role":"server","note":"x"}',
    { kind: 'bare', mark: { mark: 'round-start', round: 3, pid: 7, role: 'server' } },
  ],
  ['{"mark":"checkpoint","file":"x"}', { kind: 'unknown' }],
  ['{"mark":"constructor"}', { kind: 'unknown' }],
])('%s is understood', (line, expected) => {
  expect(parseMarkLine(line)).toEqual(expected)
})

test.each([
  ['round 3', 'is not JSON'],
  ['null', 'is not an object with a text "mark"'],
  ['{"mark":3}', 'is not an object with a text "mark"'],
  ['[3]', 'is not an object with a text "mark"'],
  ['{"mark":"round"}', 'is no round mark'],
  ['{"mark":"round","round":-1}', 'is no round mark'],
  [
    '{"mark":"ready","timeMs":"now","pid":1,"role":"server"}',
    'timeMs: Invalid type: Expected number but received "now"',
  ],
])('%s is broken, and the problem is named', (line, problem) => {
  expect(parseMarkLine(line)).toMatchObject({ kind: 'broken', problem: expect.stringContaining(problem) })
})
