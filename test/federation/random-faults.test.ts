/** A few of the jobs that `npm run faults` runs hundreds of. */
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeCheckpoint } from '../../src/federation/tensors/checkpoint.js'
import { stateInMemory } from '../../src/federation/tensors/global-state.js'
import type { RoundMark } from '../../src/shared/marks.js'
import { temporaryFolder } from '../temporary-folder.js'
import { type FaultyJob, faultyJobs, runFaultyJob } from './faulty-job.js'
import { assertReplayed, replayOf } from './replayed.js'

const seed = Number(process.env.TIDEMARK_FAULT_SEED ?? 8)
const ALGORITHMS = ['fedavg', 'scaffold', 'cyclic', 'swarm'] as const

describe(`with faults drawn by seed ${seed} (TIDEMARK_FAULT_SEED),`, () => {
  it('two jobs of each algorithm keep their promises', async () => {
    const drawn = fc.sample(faultyJobs, { seed, numRuns: 2 * ALGORITHMS.length })
    const jobs = drawn.map((job, i) => ({ ...job, algorithm: ALGORITHMS[i % ALGORITHMS.length]! }))
    let struck = 0
    const work = async () => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) struck += await run(job)
    }
    // They wait for each other most of the time, so that more at once than there are cores is no more load.
    await Promise.all([work(), work(), work(), work()])
    expect(struck).toBeGreaterThan(0)
  }, 500_000)
})

async function run(job: FaultyJob): Promise<number> {
  try {
    return (await runFaultyJob(job, join(temporaryFolder(), 'job'))).struck
  } catch (error) {
    throw new Error(`seed ${seed}, ${JSON.stringify(job)}:\n${(error as Error).message}`)
  }
}

describe('the check that each result counted once', () => {
  const names = ['site-1', 'site-2', 'site-3']
  const plan = { ...fc.sample(faultyJobs, { seed, numRuns: 1 })[0]!, participants: 3 }
  const counted = [names, ['site-1', 'site-3'], names]
  const marksOf = (accepted: string[][]) =>
    accepted.map((each, i) => ({ mark: 'round', round: i + 1, accepted: each }) as RoundMark)

  it.each(['fedavg', 'scaffold', 'cyclic'] as const)('finds out another set of results in %s', async (algorithm) => {
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const job = { ...plan, algorithm }
    const replay = await replayOf(job, names)
    for (const accepted of counted) {
      const { state, commit } = await replay.next(accepted)
      commit()
      await writeCheckpoint(checkpoint, stateInMemory(state))
    }
    const check = (accepted: string[][]) =>
      assertReplayed(job, { names, rounds: marksOf(accepted), completed: true, checkpoint })
    await check(counted)
    await expect(check([names, names, names])).rejects.toThrow('not what the accepted results make')
    await expect(check([names, ['site-1'], names])).rejects.toThrow('not what the accepted results make')
  })
})
