import type { jobOptions, roundOptions } from '../../options/federation.js'
import type { OptionValues } from '../../options/spec.js'
import type { Algorithm } from '../algorithms/algorithm.js'
import { modelOf } from '../algorithms/state.js'
import { FileState } from '../tensors/file-state.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { Weights } from '../tensors/weights.js'
import type { ServerModel } from './job.js'

type EvaluationSettings = Pick<OptionValues<typeof roundOptions>, 'evaluateEvery'> &
  Pick<OptionValues<typeof jobOptions>, 'rounds'>

/** From the first round on: what an evaluation keeps for good, compiled code above all, then is no step later on. */
export function isEvaluated(round: number, { evaluateEvery, rounds }: EvaluationSettings): boolean {
  return (round - 1) % evaluateEvery === 0 || round === rounds
}

/** The evaluation of a server's rounds. A state that lies in a file is read into the same memory every time. */
export class Evaluation {
  readonly #accuracy: ServerModel['accuracy']
  readonly #algorithm: Algorithm
  readonly #settings: EvaluationSettings
  #spare: Weights | undefined

  constructor(from: { model: ServerModel; algorithm: Algorithm; settings: EvaluationSettings }) {
    this.#accuracy = from.model.accuracy
    this.#algorithm = from.algorithm
    this.#settings = from.settings
  }

  /** Undefined where nothing is learnt, and in a round that is not evaluated. */
  async of(round: number, state: GlobalState): Promise<number | undefined> {
    if (this.#accuracy === undefined || !isEvaluated(round, this.#settings)) return undefined
    const loaded = await state.load(this.#spare)
    if (state instanceof FileState) this.#spare = loaded
    return this.#accuracy(modelOf(this.#algorithm, loaded))
  }
}
