/**
 * C. With full batches and everybody in every round SCAFFOLD ends where the gradient of the mean loss is zero, and FedAvg with
 * several local steps does not. A wrong sign or factor in the control variates, which a few rounds would not show, does here.
 */

import { allocateTensor, type Weights } from '../src/federation/tensors/weights.js'
import { computeGradient } from '../src/federation/training/sgd.js'
import { type Experiment, figure, limitRow, type Row } from './support/experiment.js'
import { modelOf, readCase, specsOf, type TrainingCase, trainingOf, weightsOf } from './support/golden.js'
import { runInProcess } from './support/job-in-process.js'
import { FEDAVG, type Method, SCAFFOLD_I, SCAFFOLD_II, uniformRounds } from './support/methods.js'

const ROUNDS = 4000
const LOCAL_STEPS = 5
const L2 = 0.01

const PROBLEMS = [
  { id: 'fedavg-linear-full', learningRate: 0.1, fedavgEndsAt: 0.0688 },
  { id: 'fedavg-logistic-dropout', learningRate: 0.3, fedavgEndsAt: 0.00677 },
]

export const fixedPoint: Experiment = {
  letter: 'C',
  shows: 'SCAFFOLD converges to the stationary point of the mean loss, FedAvg beside it.',
  run: async (progress) => {
    const rows: Row[] = []
    for (const { id, learningRate, fedavgEndsAt } of PROBLEMS) {
      const problem = { ...readCase<TrainingCase>(id) }
      problem.model = { ...problem.model, l2: L2 }
      for (const method of [SCAFFOLD_I, SCAFFOLD_II, FEDAVG]) {
        progress(`${id}, ${method.name}`)
        const slope = await slopeAtTheEnd(problem, method, learningRate)
        const what = `${id}, ${method.name}: largest gradient component after ${ROUNDS} rounds`
        if (method !== FEDAVG) rows.push(limitRow(what, slope, { atMost: 1e-12 }))
        else
          rows.push({
            what,
            expected: `${fedavgEndsAt} within 1 %`,
            measured: figure(slope),
            passed: Math.abs(slope / fedavgEndsAt - 1) <= 0.01,
          })
      }
    }
    return rows
  },
}

async function slopeAtTheEnd(problem: TrainingCase, method: Method, learningRate: number): Promise<number> {
  const trainings = problem.clients.map(({ id }) => ({
    ...trainingOf(problem, id),
    learningRate,
    localSteps: LOCAL_STEPS,
    batchSize: 0,
  }))
  let end: Weights | undefined
  await runInProcess({
    algorithm: method.algorithm,
    settings: uniformRounds({ clients: problem.clients.length }),
    rounds: ROUNDS,
    initial: weightsOf(specsOf(problem.model.tensors, 'F64'), problem.init),
    trainers: new Map(problem.clients.map(({ id }, client) => [id, method.trainer(trainings[client]!)])),
    onRound: ({ model }) => {
      end = model
      return undefined
    },
  })
  return largestSlope(problem, trainings, end!)
}

/** The largest component of the gradient of the mean over the clients of their mean losses. */
function largestSlope(
  problem: TrainingCase,
  trainings: readonly ReturnType<typeof trainingOf>[],
  weights: Weights,
): number {
  const model = modelOf(problem)
  const sum = weights.specs.map(allocateTensor)
  for (const { examples, l2 } of trainings) {
    const gradient = weights.specs.map(allocateTensor)
    computeGradient(gradient, model, weights, { examples, start: 0, end: examples.count }, l2)
    for (const [tensor, values] of gradient.entries())
      for (const [i, value] of values.entries()) sum[tensor]![i]! += value / trainings.length
  }
  return Math.max(...sum.flatMap((values) => [...values].map(Math.abs)))
}
