/**
 * Every SCAFFOLD case of the golden vectors through the runtime: the model, the server's control variate and what every client
 * keeps, after every round; and whole jobs over sockets, with the runtime's own check of c = mean c_i on.
 */
import { describe, expect, it } from 'vitest'
import {
  readCases,
  specsOf,
  type TrainingCase,
  toleranceOf,
  trainingOf,
  weightsOf,
} from '../../experiments/support/golden.js'
import { scaffold } from '../../src/federation/algorithms/scaffold.js'
import { partOf } from '../../src/federation/tensors/tensor-prefix.js'
import type { TensorType, Weights } from '../../src/federation/tensors/weights.js'
import { createScaffoldTrainer } from '../../src/federation/training/scaffold-trainer.js'
import { expectModel, expectWeights } from './expect-golden.js'
import { isWholeRun, runCase, runOverSockets, settingsOf, types, type Way, ways } from './golden-run.js'

const cases = readCases<TrainingCase>('scaffold')

describe.each(cases)('$id', (golden) => {
  describe.each(types)('in %s', (dtype) => {
    it.each(ways)('has model and control variates of every round, results %s', async (way) => {
      await runInProcess(golden, dtype, way)
    })

    if (isWholeRun(golden))
      it('has the same model over sockets, where c is the mean of all c_i after every round', async () => {
        const final = await runOverSockets({
          golden,
          algorithm: scaffold,
          dtype,
          settings: { ...settingsOf(golden), debug: true },
          trainerOf: (client) => trainerOf(golden, client),
        })
        const { weights, control } = golden.expected.rounds.at(-1)!
        expectWeights(partOf(final, 'model'), weights, toleranceOf(golden, dtype), 'the final model')
        expectWeights(partOf(final, 'control'), control, toleranceOf(golden, dtype), 'the final c')
      })
  })
})

it('there are cases to run', () => {
  expect(cases.length).toBeGreaterThan(0)
})

async function runInProcess(golden: TrainingCase, dtype: TensorType, way: Way): Promise<void> {
  await runCase({
    golden,
    algorithm: scaffold,
    dtype,
    way,
    trainerOf: (client) => trainerOf(golden, client),
    onTrained: ({ client, round, weights, steps, keep }, { expected, tolerance }) => {
      const wanted = expected.clients[client]!
      const what = `${client} in round ${round}`
      expect(steps, what).toBe(wanted.steps)
      expectWeights(partOf(weights, 'model'), wanted.deltaWeights, tolerance, `dy of ${what}`)
      expectWeights(partOf(weights, 'control'), wanted.deltaControl, tolerance, `dc of ${what}`)
      expectWeights(keep!, wanted.control, tolerance, `the new c_i of ${what}`)
      return 'accepted'
    },
    onRound: ({ round, commit, state, kept }, wanted) => {
      const { expected, tolerance } = wanted
      expect(commit!.accepted.map(({ client }) => client)).toEqual(Object.keys(expected.clients).sort())
      expectModel(golden, partOf(state, 'model'), wanted)
      expectWeights(partOf(state, 'control'), expected.control, tolerance, `c of round ${round}`)
      for (const [client, own] of Object.entries(expected.clientControls))
        expectWeights(kept.get(client) ?? zeros(golden, dtype), own, tolerance, `c_i of ${client}, round ${round}`)
    },
  })
}

function trainerOf(golden: TrainingCase, client: string) {
  return createScaffoldTrainer(trainingOf(golden, client), golden.config.option!)
}

/** What a client begins with. */
function zeros({ model }: TrainingCase, dtype: TensorType): Weights {
  const specs = specsOf(model.tensors, dtype)
  return weightsOf(
    specs,
    Object.fromEntries(specs.map(({ name, shape }) => [name, Array(shape.reduce((a, b) => a * b, 1)).fill(0)])),
  )
}
