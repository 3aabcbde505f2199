import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { examplesOf, readDigits, splitDigits } from '../../../src/federation/training/digits/digits.js'
import { temporaryFolder } from '../../temporary-folder.js'

const SHIPPED = new URL('../../../data/digits.csv.gz', import.meta.url)

describe('the digits that ship', () => {
  it('are the file that data/README.md describes', () => {
    const sum = createHash('sha256').update(readFileSync(SHIPPED)).digest('hex')
    expect(readFileSync(new URL('README.md', SHIPPED), 'utf8')).toContain(sum)
  })

  it('are 1,797 images, each digit 174 to 183 times', () => {
    const { count, labels, pixels } = readDigits()
    const times = Array.from({ length: 10 }, (_, digit) => labels.filter((label) => label === digit).length)
    expect(count).toBe(1797)
    expect([Math.min(...times), Math.max(...times)]).toEqual([174, 183])
    expect(Array.from(pixels.subarray(0, 8))).toEqual([0, 0, 5, 13, 9, 1, 0, 0])
  })

  it('are either dealt or held out, 397 of them, and always the same ones', () => {
    const { dealt, heldOut } = splitDigits()
    expect([dealt.length, heldOut.length]).toEqual([1400, 397])
    expect([...dealt, ...heldOut].sort((a, b) => a - b)).toEqual(Array.from({ length: 1797 }, (_, i) => i))
    expect(splitDigits()).toEqual({ dealt, heldOut })
  })

  it('become examples with pixels from 0 to 1', () => {
    const examples = examplesOf(readDigits(), [0, 9])
    expect(Array.from(examples.features.subarray(2, 5))).toEqual([5 / 16, 13 / 16, 9 / 16])
    expect(Array.from(examples.targets)).toEqual([0, 9])
    expect(Math.max(...examples.features)).toBe(1)
  })
})

describe('a file that is not as it should be is refused by line and by what was expected', () => {
  it.each<[string, (lines: string[]) => void, RegExp]>([
    ['a line is missing', (lines) => lines.pop(), /1796 lines were found, and 1797 were expected/],
    ['a value is missing', (lines) => (lines[4] = lines[4]!.replace('0,', '')), /line 5: 64 values were found/],
    [
      'a pixel is above 16',
      (lines) => (lines[9] = lines[9]!.replace(/^\d+/, '17')),
      /line 10: value 1 is "17".*0 to 16/,
    ],
    ['a pixel is no number', (lines) => (lines[9] = lines[9]!.replace(/^\d+/, '1.5')), /line 10: value 1 is "1.5"/],
    ['a label is no digit', (lines) => (lines[0] = lines[0]!.replace(/\d+$/, '10')), /line 1: value 65 is "10"/],
    ['a line is empty', (lines) => (lines[2] = ''), /line 3: 1 values were found/],
  ])('%s', (_name, spoil, message) => {
    const lines = gunzipSync(readFileSync(SHIPPED)).toString().trimEnd().split('\n')
    spoil(lines)
    expect(() => readDigits(writeDigits(lines))).toThrow(message)
  })

  it('it is no gzip', () => {
    const file = join(temporaryFolder(), 'digits.csv.gz')
    writeFileSync(file, 'not compressed')
    expect(() => readDigits(file)).toThrow(/digits could not be read from .*incorrect header check/)
  })

  it('it is not there', () => expect(() => readDigits('/nowhere/digits.csv.gz')).toThrow(/ENOENT/))
})

function writeDigits(lines: string[]): string {
  const file = join(temporaryFolder(), 'digits.csv.gz')
  writeFileSync(file, gzipSync(lines.join('\n')))
  return file
}
