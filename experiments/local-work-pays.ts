/**
 * F. The shape of table 2 of McMahan et al. 2017, on Fashion-MNIST: more local work a round saves rounds, less so where
 * each client has two shards of sorted labels. 100 clients, 10 of them a round, softmax regression to 80 %.
 */
import { type Experiment, limitRow } from './support/experiment.js'
import { readFashion } from './support/fashion.js'
import { FEDAVG } from './support/methods.js'
import { roundsToTarget } from './support/rounds-to-target.js'

const CLIENTS = 100

export const localWorkPays: Experiment = {
  letter: 'F',
  shows: 'More local work a round saves rounds on Fashion-MNIST, fewer where labels are sorted.',
  run: async (progress) => {
    progress('reading Fashion-MNIST')
    const { problem, deal } = readFashion()
    const race = (split: 'iid' | 'label', localEpochs: number) => {
      progress(`${split === 'iid' ? 'at random' : 'two shards a client'}, E = ${localEpochs}, B = 10`)
      return roundsToTarget({
        method: FEDAVG,
        problem,
        deal: (seed) => deal(CLIENTS, { split, seed }),
        sample: 0.1,
        training: { localEpochs, localSteps: 0, batchSize: 10 },
        learningRates: [0.03, 0.1, 0.01],
        target: 0.8,
        limit: 101,
        seeds: [1, 2],
      })
    }
    const once = await race('iid', 1)
    const fiveTimes = await race('iid', 5)
    const sorted = await race('label', 1)
    return [
      limitRow('at random, E = 1, B = 10: rounds to 80 %', once, { atMost: 15 }),
      limitRow('at random, E = 5, B = 10: rounds to 80 %', fiveTimes, { atMost: 6 }),
      limitRow('two shards a client, E = 1, B = 10: rounds to 80 %', sorted, { atMost: 100 }),
      limitRow(`the same: times the rounds at random (${once})`, sorted / once, { atLeast: 4 }),
    ]
  },
}
