import { expect, test } from 'vitest'
import { readProcessStat } from '../../src/linux/process/process-stat.js'
import type { ObservedMark } from '../../src/recording/marks/observed-mark.js'
import { type LiveProcess, Observer } from '../../src/recording/processes/observer.js'

function observe(process: Pick<LiveProcess, 'pid' | 'startTicks'>) {
  const marks: ObservedMark[] = []
  const missed: number[] = []
  const live = () => [{ role: 'server', name: 'server', firstSeenMs: 0, peakKind: 'exact' as const, ...process }]
  const observer = new Observer({
    resetPeaks: false,
    warn: () => {},
    findNew: () => [],
    live,
    all: live,
    onUnread: () => {},
    append: (mark) => marks.push(mark),
    onMissed: (round) => missed.push(round),
  })
  observer.onBareMark({ mark: 'round', round: 1 })
  return { marks, missed }
}

test('a pid that was given to another process since is not read in place of the one that ended, and a warning says so', () => {
  const stat = readProcessStat('self')
  if (stat.kind !== 'read') throw new Error('this process can be read')
  const { pid, startTicks } = stat
  expect(observe({ pid, startTicks })).toMatchObject({
    marks: [{ of: 'round', round: 1, processes: [{ pid }] }],
    missed: [],
  })
  expect(observe({ pid, startTicks: startTicks - 1 })).toEqual({ marks: [], missed: [1] })
})
