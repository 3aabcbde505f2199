import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration, formatPercent, mib, parseBytes, parseDurationMs } from '../src/shared/units.js'

describe('sizes', () => {
  it.each([
    ['50MB', 50_000_000],
    ['50 MiB', 52_428_800],
    ['1.5GiB', 1_610_612_736],
    ['800k', 819_200],
    ['1234', 1234],
  ])('reads %s as %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

  it.each(['', 'MB', '-5MB', '5 apples', '1e9', '5,5MB', 'NaN'])('does not take "%s" for a size', (text) =>
    expect(parseBytes(text)).toBeUndefined(),
  )

  it.each([
    [912, '912 B'],
    [1536, '1.5 KiB'],
    [642_148_966, '612.4 MiB'],
    [1_342_177_280, '1.25 GiB'],
    [-1_048_576, '-1.0 MiB'],
  ])('prints %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it('drops the decimals of a column once they say nothing', () => {
    expect(mib(1_048_576)).toBe('1.0')
    expect(mib(20_000 * 1_048_576)).toBe('20000')
  })
})

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5', 5000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
  ])('reads %s as %d ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms))

  it.each([
    [3.25, '3.3 ms'],
    [12.4, '12 ms'],
    [999.7, '1.0 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [4_800_000, '1 h 20 min'],
  ])('prints %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
})

it('signs percentages, so that a fall cannot be read as a rise', () => {
  expect([-0.123, 0, 0.05].map(formatPercent)).toEqual(['-12.3 %', '0.0 %', '+5.0 %'])
})
