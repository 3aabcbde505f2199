import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MIB } from '../../src/units.js'
import type { SettingSummary } from '../../src/verdict/setting-summary.js'
import type { SettingVerdict } from '../../src/verdict/setting-verdict.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

/** A server with a fault that was put into it on purpose has to be found out, from the outside, by shape and cause. */
describe('a deliberate fault of the server', () => {
  test('is named for what it is: a leak, a single allocation, a spike in every round', async () => {
    const judged = await judge({ gc: 1, faults: ['leak:200%', 'once:2500%', 'spike:5000%'], trials: 3 })
    const leak = judged('leak:200%')
    expect(leak.verdict.analysis!.shape, leak.verdict.analysis!.reason).toBe('grows')
    expect(leak.verdict.attribution).toMatchObject({ cause: 'live', evidence: 'cleanup' })
    expect(leak.verdict.analysis!.slopeBytesPerRound!.estimate / leak.modelBytes).toBeCloseTo(2, 0)
    expect(leak.verdict.analysis!.limit!.rounds!.low).toBeGreaterThan(0)

    const once = judged('once:2500%')
    expect(once.verdict.analysis!.shape, once.verdict.analysis!.reason).toBe('staircase')
    expect(once.verdict.analysis!.steps.map(({ round }) => round)).toContain(13)

    const spike = judged('spike:5000%')
    expect(['stable', 'settling', 'inconclusive'], spike.verdict.analysis!.reason).toContain(
      spike.verdict.analysis!.shape,
    )
    const above = spike.summary.peakBytes!.median - spike.summary.endRssBytes!.median
    expect(above).toBeGreaterThan(45 * spike.modelBytes)
  }, 240_000)

  test('in blocks that the allocator cannot use again is found by probes to be retained, in trials of their own', async () => {
    const judged = await judge({ gc: 0, faults: ['fragments:1000%'], trials: 4, probeEvery: 5 })
    const { verdict, comparison } = judged('fragments:1000%')
    expect(verdict.attribution).toMatchObject({ cause: 'retained', evidence: 'probes' })
    expect(verdict.attribution!.growth!.retained.bytesPerRound!.estimate).toBeGreaterThan(MIB)
    expect(comparison.trials).toHaveLength(4)
    expect(comparison.probeTrials.map(({ probes }) => probes.map(({ round }) => round))).toEqual(
      Array.from({ length: 4 }, () => [5, 10, 15, 20, 25]),
    )
  }, 240_000)
})

interface Json {
  settings: SettingSummary[]
  verdicts: SettingVerdict[]
  comparison: { modelBytes: number; trials: unknown[]; probeTrials: { probes: { round: number }[] }[] }
}

async function judge(from: { gc: number; faults: string[]; trials: number; probeEvery?: number }) {
  const folder = temporaryFolder()
  const suite = join(folder, 'faults.memory.ts')
  writeFileSync(
    suite,
    `import { defineComparison, federation } from 'tidemark'
     export default defineComparison({
       name: 'faults',
       workload: federation({ algorithm: 'fedavg', trainer: 'echo', modelSize: '400kB', rounds: 25, clients: 1 }),
       settings: { serverMemoryGcRounds: [${from.gc}], TIDEMARK_FAULT: ${JSON.stringify(from.faults)} },
       trials: ${from.trials},
       floor: '0.5%',
       ${from.probeEvery === undefined ? '' : `probeEvery: ${from.probeEvery},`}
     })`,
  )
  const { code, stdout, stderr } = await runTidemark(['compare', suite, '--json', '--out', join(folder, 'out')])
  expect(code, stderr).toBe(0)
  const { settings, verdicts, comparison } = JSON.parse(stdout) as Json
  return (fault: string) => {
    const place = settings.findIndex(({ label }) => label.includes(fault) || from.faults.length === 1)
    return { summary: settings[place]!, verdict: verdicts[place]!, comparison, modelBytes: comparison.modelBytes }
  }
}
