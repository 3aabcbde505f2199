/** The sentences of verdicts, as somebody reads them who knows statistics and did not write them. */
import { expect, it } from 'vitest'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { randomDraws } from '../statistics/random-draws.js'

const MIB = 2 ** 20
const inBytes = (mib: number[]) => mib.map((value) => value * MIB)
const noise = (round: number) => 0.1 * Math.sin(round * round)

it('the tolerance is what it would double at, and not the slope within it', () => {
  const { reason } = analyzeRounds(inBytes(Array.from({ length: 30 }, (_, round) => 100 + noise(round))))
  expect(reason).toMatch(
    /^Stable at 100\.0 MiB: the slope, .*, lies within the tolerance of 102\.4 KiB a round, at which it would double in 1000 rounds\.$/,
  )
})

it('growth that slows down is established by all rounds, where the interval of the second half reaches below zero', () => {
  const nvflare = [681, 977, 1098, 1204, 1307, 1537, 1600, 1661, 1594, 1775, 1768, 1956]
  const { shape, reason, slopeBytesPerRound } = analyzeRounds(inBytes(nvflare))
  expect(shape).toBe('grows')
  expect(slopeBytesPerRound!.low).toBeLessThan(0)
  expect(reason).toMatch(
    /^Grows, which all rounds together leave no doubt of, and more slowly than at first: in the second half by 67/,
  )
})

it('no number of rounds is promised to decide, and a forecast is one', () => {
  const few = analyzeRounds(inBytes([1070, 1835, 2210, 2444]))
  expect(few.reason).toBe('4 rounds, too few to tell noise from a slope (at least 6 are needed).')
  const noisy = analyzeRounds(inBytes(Array.from({ length: 12 }, (_, round) => 100 + 8 * Math.sin(round * round))))
  expect(noisy.reason).toMatch(
    /nor known well enough to be growth\. More rounds, more trials or a wider --tolerance may decide\.$/,
  )
  const leak = inBytes(Array.from({ length: 30 }, (_, round) => 100 + 2 * round + noise(round)))
  const { reason } = analyzeRounds(leak, { limitBytes: 200 * MIB, secondsPerRound: 60 })
  expect(reason).toMatch(
    /If that continues, it meets the limit of 200\.0 MiB in about 21 rounds \(95 % interval 2[01] to 2[12]\), or 2\d min/,
  )
})

it('growth that begins late and stays within the tolerance is level, and no slope within it is said to be outside', () => {
  const { uniform } = randomDraws(29)
  const late = (onset: number, totalKib: number, power: number) =>
    Array.from({ length: 20 }, (_, round) => {
      const part = round < onset ? 0 : (round - onset) / (20 - onset)
      return Math.round((72.4 * MIB + 8192 * uniform() + totalKib * 1024 * part ** power) / 4096) * 4096
    })
  for (let onset = 0; onset < 16; onset += 3)
    for (const power of [1, 2, 3]) {
      const { shape, reason, slopeBytesPerRound, toleranceBytes } = analyzeRounds(late(onset, 300, power))
      const isWithin = Math.max(-slopeBytesPerRound!.low, slopeBytesPerRound!.high) < toleranceBytes!
      expect(!isWithin || !reason.includes('neither within the tolerance'), reason).toBe(true)
      if (power === 1)
        expect([shape, onset, reason]).toEqual(['stable', onset, expect.stringContaining('lies within the tolerance')])
    }
})

it('the slope of the floor of a saw-tooth stands in no bracket within a bracket', () => {
  const teeth = inBytes(Array.from({ length: 30 }, (_, round) => 100 + 10 * (round % 5) + noise(round)))
  const { reason } = analyzeRounds(teeth, { gcRounds: 5 })
  expect(reason).toMatch(
    /; what it falls back to, \d+\.\d MiB on average, is stable: its slope is .* a round \(95 % interval .* to .*\)\.$/,
  )
  // What lies below the limit is not its floor.
  const limited = (mib: number) => analyzeRounds(teeth, { gcRounds: 5, limitBytes: mib * MIB }).reason
  expect(limited(200)).toMatch(/\. Above its teeth that leaves (59|60)\.\d MiB below the limit of 200\.0 MiB\.$/)
  expect(limited(120)).toMatch(/\. The top of its teeth is (19|20)\.\d MiB above the limit of 120\.0 MiB\.$/)
})

it('two trials of an NVFlare server that rise, one of them after it fell once: still rising, and not falling', () => {
  const trials = [
    [
      ...[379.29, 381.34, 383.04, 384.7, 378.28, 379.96, 381.47, 383.02, 384.69, 386.16],
      ...[387.66, 389.07, 390.66, 392.16, 393.58, 395.92, 397.46, 398.88, 400.2],
    ],
    [
      ...[372.83, 375, 374.89, 376.47, 378.05, 383.59, 381.12, 386.61, 384.16, 389.64],
      ...[387.13, 392.63, 390.21, 395.75, 393.2, 399.66, 397.22, 402.72, 400.28],
    ],
  ]
  const { reason } = analyzeRounds(trials.map(inBytes), { gcRounds: 1 })
  expect(reason).toMatch(/^Still rises, by 1\.\d MiB a round/)
})

it('growth over fewer than 30 rounds says that it may end, and over 30 it does not', () => {
  const climb = inBytes(Array.from({ length: 30 }, (_, round) => 380 + 1.6 * round + noise(round)))
  const sentence = 'a rise that ends later looks the same'
  expect(analyzeRounds(climb.slice(0, 19)).reason).toContain(`Over 19 rounds ${sentence}.`)
  expect(analyzeRounds(climb.slice(0, 19)).shape).toBe('grows')
  expect(analyzeRounds(climb).reason).not.toContain(sentence)
  const teeth = inBytes(
    Array.from({ length: 24 }, (_, round) => 400 + 5 * round + ((round + 1) % 4) * 100 + noise(round)),
  )
  expect(analyzeRounds(teeth, { gcRounds: 4 })).toMatchObject({ floorShape: 'grows' })
  expect(analyzeRounds(teeth, { gcRounds: 4 }).reason).toContain(`Over 24 rounds ${sentence}.`)
})
