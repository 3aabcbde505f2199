import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenSamples, samplesOf } from '../../src/recording/storage/samples-file.js'
import { temporaryFolder } from '../temporary-folder.js'

function read(text: string) {
  const file = join(temporaryFolder(), 'samples.ndjson')
  writeFileSync(file, text)
  const broken: number[] = []
  return { samples: [...samplesOf(file, (line) => broken.push(line))], broken }
}

test('samples are read as JSON would read them, to the last digit of the time', () => {
  const time = fc.integer({ min: 0, max: 2e14 }).map((hundredths) => hundredths / 100)
  const rss = fc.array(fc.tuple(fc.nat(4_194_304), fc.nat(2 ** 31 - 1)), { maxLength: 5 })
  fc.assert(
    fc.property(fc.array(fc.tuple(time, rss), { minLength: 1, maxLength: 20 }), (samples) => {
      const lines = samples.map(([timeMs, pairs]) => `[${[timeMs.toFixed(2), ...pairs.flat()].join(',')}]\n`)
      expect(read(lines.join(''))).toEqual({
        samples: samples.map(([timeMs, pairs]) => ({ timeMs, rss: pairs })),
        broken: [],
      })
    }),
    { numRuns: 30 },
  )
})

test('lines that are no samples are passed over and counted, and so is half a line at the end', () => {
  const text = '[1,2,3]\n\n[1,2]\n[]\n[1,,2]\n{"a":1}\n[1.2.3]\n[4,-5,6]\n[5]\n[6,7,80'
  expect(read(text)).toEqual({
    samples: [
      { timeMs: 1, rss: [[2, 3]] },
      { timeMs: 5, rss: [] },
    ],
    broken: [2, 3, 4, 5, 6, 7, 8],
  })
})

test('lines that straddle the chunks in which the file is read are whole, and longer ones too', () => {
  const short = Array.from({ length: 120_000 }, (_, i) => `[${i}.25,100,4096]\n`).join('')
  const pairs = Array.from({ length: 150_000 }, (_, i) => `${i},4096`).join(',')
  const { samples, broken } = read(`${short}[7,${pairs}]\n`)
  expect(broken).toEqual([])
  expect(samples).toHaveLength(120_001)
  expect(samples[119_999]).toEqual({ timeMs: 119_999.25, rss: [[100, 4096]] })
  expect(samples[120_000]!.rss).toHaveLength(150_000)
})

test('one line that is no sample is one', () => {
  expect(brokenSamples([7])).toBe('line 7 is no sample')
  expect(brokenSamples([7, 9])).toBe('2 lines are no samples, the first is line 7')
})
