import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RoundLog } from '../../src/recording/rounds/log/round-log.js'
import type { RoundLogEvent } from '../../src/recording/rounds/log/round-log-event.js'
import { roundPattern } from '../../src/recording/rounds/log/round-log-patterns.js'
import { UsageError } from '../../src/shared/errors.js'

const ARRIVED = new Date(2026, 10, 23, 21, 0).getTime()

/** Time of the samples' own stamps, which are local. */
const at = (minute: number, second: number, ms: number) => new Date(2026, 10, 23, 20, minute, second, ms).getTime()

const logs = {
  fedavg: { file: 'nvflare_server_stdout_fedavg.log', preset: 'nvflare' },
  cyclic: { file: 'nvflare_server_stdout_cyclic.log', preset: 'nvflare' },
  flower: { file: 'flower_run_stream.log', preset: 'flower' },
}

function eventsOf(log: keyof typeof logs, pieceBytes = Number.POSITIVE_INFINITY): RoundLogEvent[] {
  const { file, preset } = logs[log]
  const bytes = readFileSync(`test/fixtures/samples/${file}`)
  const roundLog = new RoundLog(roundPattern(preset), { isOld: true })
  const events: RoundLogEvent[] = []
  for (let from = 0; from < bytes.length; from += pieceBytes)
    events.push(...roundLog.write(bytes.subarray(from, Math.min(bytes.length, from + pieceBytes)), ARRIVED))
  return [...events, ...roundLog.end(ARRIVED)]
}

const brief = (event: RoundLogEvent) => ({ kind: event.kind, ...('round' in event ? { round: event.round } : {}) })

describe('logs of real programs', () => {
  test("NVFlare's FedAvg: a boxed title two lines below its time stamp begins a round, counted from 1", () => {
    expect(eventsOf('fedavg')).toEqual([
      { kind: 'round-start', round: 1, timeMs: at(48, 23, 708), arrivedMs: ARRIVED },
      { kind: 'cleanup', round: 1, timeMs: at(48, 25, 746), arrivedMs: ARRIVED },
      { kind: 'round-end', round: 1, isLast: false, timeMs: at(48, 25, 811), arrivedMs: ARRIVED },
      { kind: 'round-start', round: 2, timeMs: at(48, 25, 811), arrivedMs: ARRIVED },
    ])
  })

  test("NVFlare's Cyclic: the title stands on the line itself, and the last round ends with the workflow", () => {
    expect(eventsOf('cyclic')).toEqual([
      { kind: 'round-start', round: 1, timeMs: at(48, 49, 517), arrivedMs: ARRIVED },
      { kind: 'cleanup', round: 1, timeMs: at(48, 53, 647), arrivedMs: ARRIVED },
      { kind: 'round-end', round: 1, isLast: false, timeMs: at(48, 53, 650), arrivedMs: ARRIVED },
      { kind: 'round-start', round: 2, timeMs: at(48, 53, 650), arrivedMs: ARRIVED },
      { kind: 'cleanup', round: 2, timeMs: at(48, 56, 522), arrivedMs: ARRIVED },
      { kind: 'round-end', round: 2, isLast: true, timeMs: at(48, 56, 525), arrivedMs: ARRIVED },
      { kind: 'finished', timeMs: at(48, 56, 525), arrivedMs: ARRIVED },
    ])
  })

  test('Flower: colours are removed, and lines without time stamps are of the moment they arrive', () => {
    const events = eventsOf('flower')
    expect(events.map(brief)).toEqual([
      { kind: 'round-start', round: 1 },
      { kind: 'results', round: 1 },
      { kind: 'round-end', round: 1 },
      { kind: 'round-start', round: 2 },
      { kind: 'results', round: 2 },
      { kind: 'round-end', round: 2 },
      { kind: 'round-start', round: 3 },
      { kind: 'results', round: 3 },
      { kind: 'round-end', round: 3 },
      { kind: 'finished' },
    ])
    expect(events[1]).toEqual({
      kind: 'results',
      round: 1,
      received: 2,
      failed: 0,
      timeMs: ARRIVED,
      arrivedMs: ARRIVED,
    })
  })

  test.each(['fedavg', 'cyclic', 'flower'] as const)('%s: pieces of one byte give the same events', (log) => {
    expect(eventsOf(log, 1)).toEqual(eventsOf(log))
  })

  test('pieces of any size give the same events', () => {
    const whole = eventsOf('flower')
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 400 }), (bytes) => {
        expect(eventsOf('flower', bytes)).toEqual(whole)
      }),
      { numRuns: 20 },
    )
  })

  test.each([
    ['flwr15', 'flower', [1, 2, 3]],
    ['flwr018', 'flower', [1, 2, 3]],
    ['flwr18', 'flower', [1, 2, 3]],
    ['hydra', 'flower', [1, 2, 3]],
    ['nvcyclic', 'nvflare', [1, 2, 3]],
    ['nvjson', 'nvflare', [1, 2, 3]],
    ['nvsag', 'nvflare', [1, 2, 3]],
    ['openfl', 'openfl', [1, 2, 3]],
    ['fedml', 'fedml', [1, 2, 3]],
    ['fscope', 'federatedscope', [1, 2, 3]],
    ['pfllib', 'pfllib', [1, 2, 3, 4, 5, 6]], // three rounds, twice
  ])('%s.log: the preset %s finds each round once, in order and without a complaint', (log, preset, rounds) => {
    const roundLog = new RoundLog(roundPattern(preset), { isOld: true })
    const events = [...roundLog.write(readFileSync(`test/fixtures/logs/${log}.log`), ARRIVED), ...roundLog.end(ARRIVED)]
    expect(events.filter(({ kind }) => kind === 'anomaly')).toEqual([])
    const of = (kind: string) =>
      events.flatMap((event) => (event.kind === kind && 'round' in event ? [event.round] : []))
    expect(of('round-start')).toEqual(rounds)
    // The end of the last one may be the program's own.
    expect(of('round-end').slice(0, rounds.length - 1)).toEqual(rounds.slice(0, -1))
  })

  test('ScatterAndGather prints a line at the end of a round and then cleans up: the round continues', () => {
    const log = new RoundLog(roundPattern('nvflare'))
    const lines = ['Round 0 started.', 'Round 0 finished.', 'Round 1 started.', 'Finished ScatterAndGather Training.']
    expect(lines.flatMap((line) => log.write(`ScatterAndGather - INFO - ${line}\n`, 5)).map(brief)).toEqual([
      { kind: 'round-start', round: 1 },
      { kind: 'round-end', round: 1 },
      { kind: 'round-start', round: 2 },
      { kind: 'round-end', round: 2 },
      { kind: 'finished' },
    ])
  })
})

describe('a pattern of the user', () => {
  const read = (pattern: string, text: string) => {
    const log = new RoundLog(roundPattern(pattern))
    return [...log.write(text, 5), ...log.end(6)].map((event) =>
      event.kind === 'anomaly' ? event.message : `${event.kind} ${'round' in event ? event.round : ''}`,
    )
  }

  test('counts from 0 when the first number is 0', () => {
    expect(read('epoch=(\\d+)', 'epoch=0\nepoch=1\n')).toEqual(['round-start 1', 'round-end 1', 'round-start 2'])
  })

  test('counts from 1 otherwise, also when it was attached to in the middle', () => {
    expect(read('epoch=(\\d+)', 'epoch=7\nepoch=8')).toEqual(['round-start 7', 'round-end 7', 'round-start 8'])
  })

  test('after "end:" a line ends its round', () => {
    expect(read('end:round (\\d+) done', 'round 1 done\nround 2 done\n')).toEqual(['round-end 1', 'round-end 2'])
  })

  test('a round that is left out or goes back is reported; the same number again is the same round', () => {
    expect(read('R(\\d+)', 'R1\nR1\nR4\nR2\n')).toEqual([
      'round-start 1',
      'round 4 followed round 1: rounds 2 to 3 were not seen',
      'round-end 1',
      'round-start 4',
      'round 2 followed round 4',
      'round-end 4',
      'round-start 2',
    ])
    expect(read('end:R(\\d+)', 'R1\nR1\nR3\n')).toEqual([
      'round-end 1',
      'round 3 followed round 1: round 2 was not seen',
      'round-end 3',
    ])
  })

  test('without a group its matches are counted, as begins and as ends', () => {
    expect(read('new round', 'new round\nwork\nnew round\n')).toEqual(['round-start 1', 'round-end 1', 'round-start 2'])
    expect(read('end:round done', 'round done\nround done\n')).toEqual(['round-end 1', 'round-end 2'])
  })

  test('a pattern of ends beside one of begins ends the round that began, with a number and without', () => {
    for (const end of ['done (\\d+)', 'done']) {
      const log = new RoundLog(roundPattern('begin (\\d+)', end))
      expect(log.write('begin 0\ndone 0\nidle\nbegin 1\ndone 1\n', 5).map(brief)).toEqual([
        { kind: 'round-start', round: 1 },
        { kind: 'round-end', round: 1 },
        { kind: 'round-start', round: 2 },
        { kind: 'round-end', round: 2 },
      ])
    }
  })

  test('a job that is done again in the same process counts on', () => {
    expect(read('epoch (\\d+)', 'epoch 1\nepoch 2\nepoch 1\nepoch 2\n')).toEqual([
      'round-start 1',
      'round-end 1',
      'round-start 2',
      'round-end 2',
      'round-start 3',
      'round-end 3',
      'round-start 4',
    ])
  })

  test('100,000 lines of the same round are one event, and take little processor time', () => {
    const lines = Array.from({ length: 100_000 }, (_, step) => `Epoch [1][${step}/100000] loss: 0.1\n`)
    const pieces = Array.from({ length: 100 }, (_, i) => Buffer.from(lines.slice(i * 1000, (i + 1) * 1000).join('')))
    const log = new RoundLog(roundPattern('Epoch \\[(\\d+)\\]'))
    const before = process.cpuUsage()
    const events = pieces.flatMap((piece) => log.write(piece, 5))
    const { user } = process.cpuUsage(before)
    expect(events.map(brief)).toEqual([{ kind: 'round-start', round: 1 }])
    // A program that prints so many takes three seconds or more; this is less than 5 % of that.
    expect(user / 1000).toBeLessThan(150)
  })

  test.each([
    ['(Round|Epoch) (\\d+)', 'has 2 groups', 'Write the other groups as (?:...).'],
    ['Round (\\d+', 'is neither a preset (nvflare, flower, ', 'For example:'],
    ['nvflrae', 'is no preset', 'Did you mean "nvflare"?'],
    ['end:', 'has no text to look for', "For example: --rounds 'Round (\\d+) started'"],
  ])('"%s" is refused with a pattern that would work', (pattern, found, fix) => {
    const refused = () => roundPattern(pattern)
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(found)
    expect(refused).toThrow(expect.objectContaining({ fix: expect.stringContaining(fix) }))
  })
})

describe('time stamps', () => {
  test('of a JSON log are found under the name that the logger gives them', () => {
    const line = (fields: object) => JSON.stringify({ level: 'INFO', name: 'a.b.c.d.e.f', ...fields })
    expect(start(line({ asctime: '2026-11-23 12:00:04,250', message: 'Round 0 started.' }), localMs)).toBe(
      localMs - 750,
    )
    expect(start(line({ ts: '2026-11-23T12:00:04.250Z', message: 'Round 0 started.' }), arrivedMs)).toBe(
      arrivedMs - 750,
    )
  })

  const localMs = new Date(2026, 10, 23, 12, 0, 5).getTime()
  const start = (line: string, arrivedMs: number) => {
    const [event] = new RoundLog(roundPattern('nvflare')).write(`${line}\n`, arrivedMs)
    return event?.timeMs
  }
  const arrivedMs = Date.UTC(2026, 10, 23, 12, 0, 5)

  test('are taken when they lie shortly before the arrival', () => {
    expect(start('2026-11-23T12:00:04.250Z INFO Round 0 started.', arrivedMs)).toBe(arrivedMs - 750)
    expect(start('[2026-11-23 13:00:04,250+01:00] Round 0 started.', arrivedMs)).toBe(arrivedMs - 750)
  })

  test('of another time zone or clock are not', () => {
    expect(start('2026-11-23T11:00:04.250Z INFO Round 0 started.', arrivedMs)).toBe(arrivedMs)
    expect(start('2026-11-23T12:00:09.250Z INFO Round 0 started.', arrivedMs)).toBe(arrivedMs)
  })
})

describe('output that is not meant to be read by a program', () => {
  test('a progress line that is redrawn by carriage returns is read piece by piece', () => {
    const log = new RoundLog(roundPattern('flower'))
    expect(log.write('\r10 %\r[ROUND 1/3]\r50 %\r\n', 5).map(brief)).toEqual([{ kind: 'round-start', round: 1 }])
  })

  test('a line that never ends takes bounded memory, and the lines after it are read', () => {
    const log = new RoundLog(roundPattern('flower'))
    const piece = 'x'.repeat(1_000_000)
    for (let i = 0; i < 50; i++) expect(log.write(piece, 5)).toEqual([])
    expect(log.write('\n[ROUND 2]\n', 5).map(brief)).toEqual([{ kind: 'round-start', round: 2 }])
  })

  test('bytes that are no UTF-8 and colours in the middle of a word do no harm', () => {
    const log = new RoundLog(roundPattern('flower'))
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0x1b]), Buffer.from('[1m[ROU\u001b[92mND 3/\u001b[0m3]\n')])
    expect([...bytes].flatMap((byte) => log.write(Uint8Array.of(byte), 5)).map(brief)).toEqual([
      { kind: 'round-start', round: 3 },
    ])
  })
})
