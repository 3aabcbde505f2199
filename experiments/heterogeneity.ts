/**
 * D. The shape of table 3 of Karimireddy et al. 2020, on the 8 x 8 digits: with sorted labels local work does not help FedAvg,
 * and it does help SCAFFOLD; with labels at random the two are alike. 20 clients of 70 images, 20 % drawn, five steps an epoch.
 */
import { dealPartlySorted, digitsProblem } from './support/digits-clients.js'
import { type Experiment, limitRow, type Row } from './support/experiment.js'
import { FEDAVG, type Method, SCAFFOLD_II } from './support/methods.js'
import { roundsToTarget } from './support/rounds-to-target.js'

const SEEDS = [1, 2, 3]
const CLIENTS = 20
const EPOCHS = [1, 5, 10]

interface Rounds {
  /** By epochs. */
  scaffold: Record<number, number>
  fedavg: Record<number, number>
  sgd: number
}

export const heterogeneity: Experiment = {
  letter: 'D',
  shows: 'SCAFFOLD gains from local work where labels are sorted, FedAvg does not; at random they are alike.',
  run: async (progress) => {
    const sorted = await measure(0, progress)
    const partly = await measure(0.1, progress)
    const atRandom = await measure(1, progress)
    return [...rowsOfSorted(sorted), ...rowsOfPartly(partly), ...rowsOfRandom(atRandom)]
  },
}

async function measure(iidShare: number, progress: (what: string) => void): Promise<Rounds> {
  const race = (method: Method, localEpochs: number, batchSize: number) => {
    progress(`${iidShare * 100} % at random, ${method.name}, ${localEpochs} epochs`)
    return roundsToTarget({
      method,
      problem: digitsProblem,
      seeds: SEEDS,
      deal: (seed) => dealPartlySorted(CLIENTS, { iidShare, seed }),
      sample: 0.2,
      training: { localEpochs, localSteps: 0, batchSize },
      learningRates: [0.3, 1, 0.1, 3, 0.03],
      target: 0.9,
      limit: 150,
    })
  }
  const rounds: Rounds = { scaffold: {}, fedavg: {}, sgd: await race(FEDAVG, 1, 0) }
  for (const epochs of EPOCHS) {
    rounds.scaffold[epochs] = await race(SCAFFOLD_II, epochs, 14)
    rounds.fedavg[epochs] = await race(FEDAVG, epochs, 14)
  }
  return rounds
}

function rowsOfSorted({ scaffold, fedavg, sgd }: Rounds): Row[] {
  const rows = EPOCHS.flatMap((epochs) => [
    limitRow(
      `sorted, ${epochs} epochs: rounds of SCAFFOLD (${scaffold[epochs]}) to those of FedAvg (${fedavg[epochs]})`,
      scaffold[epochs]! / fedavg[epochs]!,
      { atMost: 0.65 },
    ),
    limitRow(
      `sorted, ${epochs} epochs: rounds of SCAFFOLD (${scaffold[epochs]}) to those of SGD (${sgd})`,
      scaffold[epochs]! / sgd,
      { atMost: 0.65 },
    ),
  ])
  const gain = limitRow(
    `sorted: FedAvg's rounds with 10 epochs (${fedavg[10]}) to those with 1 (${fedavg[1]})`,
    fedavg[10]! / fedavg[1]!,
    { atLeast: 0.8 },
  )
  return [...rows, gain]
}

function rowsOfPartly({ scaffold, fedavg }: Rounds): Row[] {
  return EPOCHS.map((epochs) =>
    limitRow(
      `10 % at random, ${epochs} epochs: rounds of SCAFFOLD beside FedAvg's ${fedavg[epochs]}`,
      scaffold[epochs]!,
      { atMost: fedavg[epochs]! + 2 },
    ),
  )
}

function rowsOfRandom({ scaffold, fedavg }: Rounds): Row[] {
  const alike = EPOCHS.map((epochs) =>
    limitRow(
      `at random, ${epochs} epochs: difference of SCAFFOLD (${scaffold[epochs]}) and FedAvg (${fedavg[epochs]})`,
      Math.abs(scaffold[epochs]! - fedavg[epochs]!),
      { atMost: 2 },
    ),
  )
  const gains = Object.entries({ SCAFFOLD: scaffold, FedAvg: fedavg }).map(([name, rounds]) =>
    limitRow(
      `at random: ${name}'s rounds with 5 epochs (${rounds[5]}) to those with 1 (${rounds[1]})`,
      rounds[5]! / rounds[1]!,
      {
        atMost: 0.5,
      },
    ),
  )
  return [...alike, ...gains]
}
