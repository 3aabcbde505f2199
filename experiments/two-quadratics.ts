/**
 * B. Two clients with f1 = x^2 + G x and f2 = -G x; the minimum of their mean is 0. FedAvg ends elsewhere once it makes more
 * than one local step, at a point with a closed form; SCAFFOLD reaches 0 in a number of rounds that hardly depends on G
 * (Karimireddy et al. 2020, section 7.2).
 */
import type { Examples } from '../src/federation/training/examples.js'
import type { LocalTraining } from '../src/federation/training/local-training.js'
import type { Model } from '../src/federation/training/models/model.js'
import { type Experiment, figure, type Row } from './support/experiment.js'
import { runInProcess } from './support/job-in-process.js'
import { FEDAVG, type Method, SCAFFOLD_I, SCAFFOLD_II, uniformRounds } from './support/methods.js'

const LEARNING_RATE = 0.1
const BELOW = 1e-6
/** Enough for the slowest of them: 0.9^200 is 7e-10. */
const ROUNDS = 200

/** Rounds until SCAFFOLD stays below 1e-6, by local steps K and G. */
const EXPECTED_ROUNDS: { steps: number; method: Method; byG: Record<number, number> }[] = [
  { steps: 1, method: SCAFFOLD_I, byG: { 1: 132, 10: 132, 100: 132 } },
  { steps: 1, method: SCAFFOLD_II, byG: { 1: 132, 10: 132, 100: 132 } },
  { steps: 2, method: SCAFFOLD_I, byG: { 1: 65, 10: 66, 100: 69 } },
  { steps: 2, method: SCAFFOLD_II, byG: { 1: 65, 10: 66, 100: 69 } },
  { steps: 10, method: SCAFFOLD_I, byG: { 1: 23, 10: 24, 100: 28 } },
  { steps: 10, method: SCAFFOLD_II, byG: { 1: 22, 10: 24, 100: 28 } },
]

export const twoQuadratics: Experiment = {
  letter: 'B',
  shows: 'On two quadratics FedAvg ends where the closed form says, and SCAFFOLD reaches the minimum.',
  run: async () => [...(await fedavgRows()), ...(await scaffoldRows())],
}

async function fedavgRows(): Promise<Row[]> {
  const rows: Row[] = []
  for (const steps of [1, 2, 10])
    for (const g of [1, 10, 100]) {
      const end = (await pathOf(FEDAVG, steps, g)).at(-1)!
      const expected = endOfFedAvg(steps, g)
      const off = Math.abs(end - expected) / (expected === 0 ? 1 : Math.abs(expected))
      rows.push({
        what: `FedAvg, K = ${steps}, G = ${g}: where it ends`,
        expected: `${expected.toPrecision(7)} within 1e-6`,
        measured: `${end.toPrecision(7)}, off by ${figure(off)}`,
        passed: off <= 1e-6,
      })
    }
  return rows
}

/** G * (0.1 K - (1 - rho) / 2) / (1 - rho), with rho = (1 - 0.2)^K. */
function endOfFedAvg(steps: number, g: number): number {
  if (steps === 1) return 0
  const rho = (1 - 2 * LEARNING_RATE) ** steps
  return (g * (LEARNING_RATE * steps - (1 - rho) / 2)) / (1 - rho)
}

async function scaffoldRows(): Promise<Row[]> {
  const rows: Row[] = []
  for (const { steps, method, byG } of EXPECTED_ROUNDS)
    for (const [g, expected] of Object.entries(byG)) {
      const path = await pathOf(method, steps, Number(g))
      const rounds = path.findLastIndex((x) => !(Math.abs(x) < BELOW)) + 2
      rows.push({
        what: `${method.name}, K = ${steps}, G = ${g}: rounds until it stays below 1e-6`,
        expected: String(expected),
        measured: rounds > ROUNDS ? `not in ${ROUNDS}` : String(rounds),
        passed: rounds === expected,
      })
    }
  return rows
}

/** x after each round. */
async function pathOf({ algorithm, trainer }: Method, localSteps: number, g: number): Promise<number[]> {
  const path: number[] = []
  const clients = { first: quadratic(1, g), second: quadratic(0, -g) }
  const trainers = Object.entries(clients).map(
    ([name, problem]) =>
      [name, trainer({ ...problem, localSteps, localEpochs: 1, batchSize: 0, learningRate: LEARNING_RATE })] as const,
  )
  await runInProcess({
    algorithm,
    settings: uniformRounds({ clients: 2 }),
    rounds: ROUNDS,
    initial: { specs: [{ name: 'x', dtype: 'F64', shape: [1] }], data: [Float64Array.of(1)] },
    trainers: new Map(trainers),
    onRound: ({ model }) => void path.push(model.data[0]![0]!) as undefined,
  })
  return path
}

/** a x^2 + b x, with a and b as the features of one example. */
function quadratic(a: number, b: number): Pick<LocalTraining, 'examples' | 'createModel'> {
  const examples: Examples = { count: 1, features: Float64Array.of(a, b), targets: new Float64Array(1) }
  const model: Model = {
    addGradient: ([slope], [x], _batch, scale) => {
      slope![0]! += scale * (2 * a * x![0]! + b)
    },
    sumLoss: ([x]) => a * x![0]! ** 2 + b * x![0]!,
    countRight: () => 0,
  }
  return { examples, createModel: () => model }
}
