import { describe, expect, test } from 'vitest'
import { FIGURES } from '../../src/report/figures/all.js'
import { svgOf } from '../../src/report/figures/parts/svg.js'
import { type RecordingFigureData, recordingFigure } from '../../src/report/figures/recording.js'
import { type ReportData, reportData } from '../../src/report/html/report-data.js'
import { pngOf } from '../../src/report/png.js'
import { exampleComparison, exampleSettings } from './example-comparison.js'
import { expectGolden } from './golden.js'

const { comparison, recordingOf } = exampleComparison({ trials: 2, rounds: 10, failing: ['gc=1 arena=unset'] })
const small = reportData(comparison, recordingOf)

const rssOverTime = FIGURES.find(({ name }) => name === 'rss-over-time')!

describe('the figures of a comparison', () => {
  test.each(FIGURES.filter(({ hasData }) => hasData(small)).map(({ name }) => name))(
    '%s is drawn as committed',
    (name) => {
      const { draw } = FIGURES.find((figure) => figure.name === name)!
      expectGolden(`${name}.svg`, svgOf(draw(small)))
    },
  )

  test('drawing the same data twice gives the same bytes', () => {
    for (const { draw } of FIGURES) expect(svgOf(draw(small))).toBe(svgOf(draw(small)))
  })

  test('of a swarm, whose turn it was is drawn: a dot on the line of that peer in each round', () => {
    const swarm = exampleSwarm()
    const turns = FIGURES.find(({ name }) => name === 'turns')!
    expect(turns.hasData(small)).toBe(false)
    expect(turns.hasData(swarm)).toBe(true)
    const svg = svgOf(turns.draw(swarm))
    expectGolden('turns.svg', svg)
    const circles = /aria-label="dot">(.*?)<\/g>/s.exec(svg)![1]!.match(/<circle[^>]*>/g)!
    expect(circles).toHaveLength(6)
    // Two peers, in turn: each has its own colour.
    const fills = circles.map((circle) => /fill="([^"]*)"/.exec(circle)![1])
    expect(fills).toEqual([fills[0], fills[0], fills[0], fills[3], fills[3], fills[3]])
    expect(fills[3]).not.toBe(fills[0])
  })

  test('a sampled peak is drawn hollow and called a lower bound', () => {
    const sampled = exampleComparison({ trials: 1, rounds: 5, peakKind: 'sampled' })
    const data = reportData(sampled.comparison, sampled.recordingOf)
    expectGolden('rss-over-time-sampled.svg', svgOf(rssOverTime.draw(data, { width: 600 })))
    expect(svgOf(rssOverTime.draw(data))).toContain('sampled peak (a lower bound)')
  })

  test('a failed trial is drawn, but its peak is no dot', () => {
    const peaks = svgOf(FIGURES.find(({ name }) => name === 'peaks')!.draw(small))
    const dots = /aria-label="dot">(.*?)<\/g>/s.exec(peaks)![1]!.match(/<circle/g)
    expect(dots).toHaveLength(comparison.trials.filter(({ state }) => state === 'completed').length)
    expect(comparison.trials.filter(({ state }) => state === 'failed')).toHaveLength(1)
  })

  test('a comparison without any trial has no figure to draw', () => {
    const none = exampleComparison({ trials: 0 })
    const data = reportData(none.comparison, none.recordingOf)
    expect(FIGURES.filter(({ hasData }) => hasData(data))).toEqual([])
  })

  test('a name with markup in it is text in the figure', () => {
    const named = exampleComparison({ trials: 1, rounds: 4, settings: [{ ...exampleSettings()[0]!, label: '<b>&"' }] })
    const svg = svgOf(rssOverTime.draw(reportData(named.comparison, named.recordingOf)))
    expect(svg).toContain('&lt;b&gt;&amp;')
    expect(svg).not.toContain('<b>')
  })

  test('a PNG is twice the size of its SVG', () => {
    const png = pngOf(svgOf(rssOverTime.draw(small, { width: 600 })))
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect(png.readUInt32BE(16)).toBe(1200)
  })
})

describe('the figure of recordings', () => {
  test('rounds, brackets, children, peaks, slope and title are drawn as committed', () => {
    expectGolden('recording.svg', svgOf(recordingFigure(exampleRecordingFigure(), { title: 'python server.py' })))
  })

  test('a window leaves out what lies outside it', () => {
    const data = exampleRecordingFigure()
    const svg = svgOf(recordingFigure(data, { window: { fromMs: 3000, toMs: 4000 } }))
    const inside = data.rounds.filter(({ startMs, endMs }) => endMs > 3000 && startMs < 4000)
    expect(svg).toContain(`round ${inside[0]!.round}`)
    expect(svg).not.toContain('round 1<')
  })
})

/** The two clients of the example as peers that take turns, six rounds of one trial. */
function exampleSwarm(): ReportData {
  const settings = exampleSettings().slice(0, 1)
  const { comparison, recordingOf } = exampleComparison({ trials: 1, rounds: 6, settings })
  const peers = new Set(['site-1', 'site-2'])
  const trials = comparison.trials.map((trial) => ({
    ...trial,
    rounds: trial.rounds
      .filter(({ name }) => peers.has(name))
      .map((round) => ({ ...round, role: 'peer', aggregator: round.round % 2 === 1 ? 'site-1' : 'site-2' })),
  }))
  const asPeers = (recording: ReturnType<typeof recordingOf>) =>
    recording && {
      ...recording,
      head: {
        ...recording.head,
        processes: recording.head.processes.map((one) => (peers.has(one.name) ? { ...one, role: 'peer' } : one)),
      },
    }
  return reportData({ ...comparison, judge: 'peer', trials }, (trial) => asPeers(recordingOf(trial)))
}

function exampleRecordingFigure(): RecordingFigureData {
  const { processes } = small.trials[1]!
  const { rounds } = processes[0]!
  return {
    series: processes.map(({ name, points }, i) => ({ name, points, isChild: i > 0 })),
    rounds,
    brackets: [{ label: 'train', startMs: 2000, endMs: 4000, startBytes: 80e6, endBytes: 90e6 }],
    peaks: rounds.map(({ peakAtMs, peakBytes, peakKind }) => ({ timeMs: peakAtMs, bytes: peakBytes!, kind: peakKind })),
    slope: { interceptBytes: 70e6, bytesPerMs: 2000 },
  }
}
