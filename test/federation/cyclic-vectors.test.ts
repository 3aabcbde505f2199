/** Every Cyclic case of the golden vectors through the runtime: what each hop makes, who is skipped, and the model of every round. */
import { describe, expect, it } from 'vitest'
import { readCases, type TrainingCase, toleranceOf, trainerOf } from '../../experiments/support/golden.js'
import { cyclic, cyclicBy } from '../../src/federation/algorithms/cyclic.js'
import type { TensorType } from '../../src/federation/tensors/weights.js'
import { expectModel, expectWeights } from './expect-golden.js'
import { isWholeRun, runCase, runOverSockets, settingsOf, types, type Way, ways } from './golden-run.js'

const cases = readCases<TrainingCase>('cyclic')

describe.each(cases)('$id', (golden) => {
  describe.each(types)('in %s', (dtype) => {
    it.each(ways)('has the weights of every hop and round, results %s', async (way) => {
      await runInProcess(golden, dtype, way)
    })

    if (isWholeRun(golden) && golden.config.orders === undefined)
      it('has the same model over sockets', async () => {
        const final = await runOverSockets({
          golden,
          algorithm: cyclic,
          dtype,
          settings: { ...settingsOf(golden), order: golden.config.order?.join(',') ?? 'fixed' },
          trainerOf: (client) => trainerOf(golden, client),
        })
        expectWeights(final, golden.expected.rounds.at(-1)!.weights, toleranceOf(golden, dtype), 'the final model')
      })
  })
})

it('there are cases to run', () => {
  expect(cases.length).toBeGreaterThan(0)
})

async function runInProcess(golden: TrainingCase, dtype: TensorType, way: Way): Promise<void> {
  const { order, orders } = golden.config
  const hopped: string[] = []
  await runCase({
    golden,
    algorithm: cyclicBy(({ round }) => orders?.[round - 1] ?? order ?? golden.clients.map(({ id }) => id)),
    dtype,
    way,
    trainerOf: (client) => trainerOf(golden, client),
    onTrained: ({ client, round, weights, steps }, { expected, tolerance }) => {
      const hop = expected.hops.find((each) => each.client === client)!
      hopped.push(client)
      expect(steps).toBe(hop.steps)
      expectWeights(weights, hop.weights!, tolerance, `the hop of ${client} in round ${round}`)
      return 'accepted'
    },
    onRound: ({ round, commit, state }, wanted) => {
      const made = wanted.expected.hops.filter(({ skipped }) => !skipped).map(({ client }) => client)
      expect(hopped.splice(0), `hops of round ${round}, in order`).toEqual(made)
      expect(commit!.accepted.map(({ client }) => client)).toEqual([...made].sort())
      expectModel(golden, state, wanted)
    },
  })
}
