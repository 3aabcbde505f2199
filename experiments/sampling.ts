/**
 * E. The shape of table 4 of Karimireddy et al. 2020: fewer clients a round cost rounds, at most in proportion, and SCAFFOLD
 * stays ahead of FedAvg. 50 clients of 28 digits, 5 epochs of five steps.
 */
import { dealPartlySorted, digitsProblem } from './support/digits-clients.js'
import { type Experiment, limitRow, type Row } from './support/experiment.js'
import { FEDAVG, type Method, SCAFFOLD_II } from './support/methods.js'
import { roundsToTarget } from './support/rounds-to-target.js'

const SEEDS = [1, 2, 3]
const CLIENTS = 50
const DRAWN = [10, 2, 1]

export const sampling: Experiment = {
  letter: 'E',
  shows: 'Drawing fewer clients costs rounds at most in proportion, and SCAFFOLD stays ahead where labels are sorted.',
  run: async (progress) => {
    const rows: Row[] = []
    for (const iidShare of [0, 0.1]) {
      const rounds = new Map<Method, number[]>([
        [SCAFFOLD_II, []],
        [FEDAVG, []],
      ])
      for (const drawn of DRAWN)
        for (const [method, found] of rounds) {
          progress(`${iidShare * 100} % at random, ${drawn} of ${CLIENTS}, ${method.name}`)
          found.push(await race(method, { iidShare, drawn }))
        }
      rows.push(...rowsOf(iidShare, { scaffold: rounds.get(SCAFFOLD_II)!, fedavg: rounds.get(FEDAVG)! }))
    }
    return rows
  },
}

function race(method: Method, { iidShare, drawn }: { iidShare: number; drawn: number }): Promise<number> {
  return roundsToTarget({
    method,
    problem: digitsProblem,
    seeds: SEEDS,
    deal: (seed) => dealPartlySorted(CLIENTS, { iidShare, seed }),
    sample: drawn / CLIENTS,
    training: { localEpochs: 5, localSteps: 0, batchSize: 6 },
    learningRates: [0.3, 1, 0.1, 3],
    target: 0.8,
    limit: 300,
  })
}

function rowsOf(iidShare: number, { scaffold, fedavg }: { scaffold: number[]; fedavg: number[] }): Row[] {
  const split = iidShare === 0 ? 'sorted' : `${iidShare * 100} % at random`
  const slowDowns = Object.entries({ SCAFFOLD: scaffold, FedAvg: fedavg }).map(([name, rounds]) =>
    limitRow(
      `${split}: ${name}'s rounds with 10, 2, 1 of ${CLIENTS} are ${rounds.join(', ')}; slow-down from 10 to 1`,
      rounds.at(-1)! / rounds[0]!,
      { atMost: 8 },
    ),
  )
  if (iidShare > 0) return slowDowns
  const ahead = DRAWN.map((drawn, index) =>
    limitRow(
      `${split}, ${drawn} of ${CLIENTS}: rounds of SCAFFOLD (${scaffold[index]}) to those of FedAvg (${fedavg[index]})`,
      scaffold[index]! / fedavg[index]!,
      { atMost: 0.85 },
    ),
  )
  return [...slowDowns, ...ahead]
}
