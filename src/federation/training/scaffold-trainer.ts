import { joinParts, partOf } from '../tensors/tensor-prefix.js'
import { allocateTensor, copyTensors, type TensorData, type Weights } from '../tensors/weights.js'
import type { LocalTraining } from './local-training.js'
import type { Model } from './models/model.js'
import { computeGradient, type SgdPlan, sgdSteps } from './sgd.js'
import { planOfRound } from './sgd-trainer.js'
import type { Trainer } from './trainer.js'

/**
 * A client of SCAFFOLD (Karimireddy et al. 2020, arXiv:1910.06378). It is sent the model x and the
 * server's control variate c, keeps c_i, and sends differences:
 *
 *     y <- x;  K times: y <- y - eta_l * (g_i(y) - c_i + c)
 *     c_i+ <- g_i(x)                              option I: one more pass over all local data
 *     c_i+ <- c_i - c + (x - y) / (K * eta_l)     option II: from the steps that were made
 *     send (dy, dc) = (y - x, c_i+ - c_i)
 *
 * At the peak it holds x, y, a gradient, c_i and c - c_i, five times the model: dy then takes y's
 * place, dc that of c - c_i, and c_i+ that of the gradient.
 */
export function createScaffoldTrainer(training: LocalTraining, option: 'I' | 'II'): Trainer {
  const { examples } = training
  const numExamples = examples.count
  return {
    numExamples,
    isStateful: true,
    train: async (sent, round, { kept, signal } = {}) => {
      const plan = planOfRound(training, round)
      // Without data there is no option II, and no vote: the client takes no part.
      if (plan.steps === 0) return { weights: sent, numExamples, steps: 0 }
      const { specs, data: x } = partOf(sent, 'model')
      const own = kept?.data ?? specs.map(allocateTensor)
      const correction = subtract(partOf(sent, 'control').data, own)
      const y = copyTensors({ specs, data: x })
      const gradient = specs.map(allocateTensor)
      const model = training.createModel()
      await sgdSteps(model, { specs, data: y }, examples, { ...plan, correction, room: gradient, signal })
      const dy = subtract(y, x)
      const dc =
        option === 'I'
          ? differenceOne(correction, fullGradient(gradient, model, { specs, data: x }, training), own)
          : differenceTwo(correction, dy, own, plan)
      const weights = joinParts({ model: { specs, data: dy }, control: { specs, data: dc } })
      return { weights, numExamples, steps: plan.steps, keep: { specs, data: add(gradient, own, dc) } }
    },
  }
}

/** g_i(x), over all local data. */
function fullGradient(
  gradient: TensorData[],
  model: Model,
  x: Weights,
  { examples, l2 }: LocalTraining,
): readonly TensorData[] {
  computeGradient(gradient, model, x, { examples, start: 0, end: examples.count }, l2)
  return gradient
}

/** dc of option I, g_i(x) - c_i, in the arrays of `room`. */
function differenceOne(room: TensorData[], gradient: readonly TensorData[], own: readonly TensorData[]): TensorData[] {
  for (const [index, target] of room.entries()) {
    const slope = gradient[index]!
    const mine = own[index]!
    for (let i = 0; i < target.length; i++) target[i] = slope[i]! - mine[i]!
  }
  return room
}

/** dc of option II, -c - dy / (K * eta_l), in the arrays of c - c_i. */
function differenceTwo(
  correction: TensorData[],
  dy: readonly TensorData[],
  own: readonly TensorData[],
  { steps, learningRate }: SgdPlan,
): TensorData[] {
  const rate = 1 / (steps * learningRate)
  for (const [index, target] of correction.entries()) {
    const moved = dy[index]!
    const mine = own[index]!
    for (let i = 0; i < target.length; i++) target[i] = -(target[i]! + mine[i]!) - moved[i]! * rate
  }
  return correction
}

/** `target - other`, in the arrays of `target`. */
function subtract(target: TensorData[], other: readonly TensorData[]): TensorData[] {
  for (const [index, values] of target.entries()) {
    const taken = other[index]!
    for (let i = 0; i < values.length; i++) values[i]! -= taken[i]!
  }
  return target
}

/** `a + b`, in the arrays of `target`. */
function add(target: TensorData[], a: readonly TensorData[], b: readonly TensorData[]): TensorData[] {
  for (const [index, values] of target.entries()) {
    const first = a[index]!
    const second = b[index]!
    for (let i = 0; i < values.length; i++) values[i] = first[i]! + second[i]!
  }
  return target
}
