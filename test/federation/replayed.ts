import type { algorithms } from '../../src/federation/algorithms/all.js'
import { readCheckpoint } from '../../src/federation/tensors/checkpoint.js'
import { weightsDigest } from '../../src/federation/tensors/digest.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { roundOptions } from '../../src/options/federation.js'
import { defaultValues } from '../../src/options/types/spec.js'
import type { RoundMark } from '../../src/shared/marks.js'
import type { FaultyJob } from './faulty-job.js'
import { Replay } from './replay.js'
import { serverSettings } from './settings.js'

/**
 * Throws unless every committed round is, bit for bit, what the results make of it that are listed in it: each once, and
 * nobody else's. For a server it shows in the last checkpoint, for a swarm in the digest of every round.
 */
export async function assertReplayed(
  plan: FaultyJob,
  job: { names: string[]; rounds: RoundMark[]; completed: boolean; checkpoint: string },
): Promise<void> {
  const { names, rounds, completed, checkpoint } = job
  const isSwarm = plan.algorithm === 'swarm'
  const replay = await replayOf(plan, names)
  let last: Weights | undefined
  for (const { round, accepted, digest } of rounds) {
    // A successor that spread what its predecessor had merged does not know whose results that was: some set of them.
    const sets = accepted === undefined ? subsetsOf(names) : [accepted]
    last = await nextOf(replay, sets, isSwarm ? digest : undefined)
    if (last === undefined)
      throw new Error(`round ${round} is not the mean of the results of ${accepted ?? 'any peers'}`)
  }
  if (isSwarm || !completed || last === undefined) return
  const found = await readCheckpoint(checkpoint)
  if (weightsDigest(found) !== weightsDigest(last))
    throw new Error('the last checkpoint is not what the accepted results make, each counted once')
}

/** The job from its beginning; a swarm's peers train as FedAvg's clients do. */
export function replayOf({ algorithm, participants: clients, seed }: FaultyJob, names: string[]): Promise<Replay> {
  const trained = trainedAs(algorithm)
  const { weighting } = defaultValues(roundOptions, trained)
  return Replay.begin(
    serverSettings({ algorithm: trained, clients, seed, weighting, model: 'softmax', localSteps: 20 }),
    names,
  )
}

function trainedAs(algorithm: FaultyJob['algorithm']): keyof typeof algorithms {
  return algorithm === 'swarm' ? 'fedavg' : algorithm
}

async function nextOf(replay: Replay, sets: readonly string[][], digest: string | undefined) {
  for (const set of sets) {
    const { state, commit } = await replay.next(set)
    if (digest !== undefined && weightsDigest(state) !== digest) continue
    commit()
    return state
  }
  return undefined
}

function subsetsOf(names: readonly string[]): string[][] {
  const count = 2 ** names.length
  return Array.from({ length: count - 1 }, (_, i) => names.filter((_name, place) => ((i + 1) >> place) & 1))
}
