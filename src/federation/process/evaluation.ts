import type { jobOptions, roundOptions } from '../../options/federation.js'
import type { OptionValues } from '../../options/types/spec.js'
import type { Algorithm } from '../algorithms/algorithm.js'
import { modelOf } from '../algorithms/state.js'
import { FileState } from '../tensors/file-state.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { Weights } from '../tensors/weights.js'
import type { ServerModel } from './job.js'

type EvaluationSettings = Pick<OptionValues<typeof roundOptions>, 'evaluateEvery'> &
  Pick<OptionValues<typeof jobOptions>, 'rounds'>

/**
 * Always evaluate round 1, so that memory the first evaluation retains (mostly compiled code) does
 * not look like a step later.
 */
export function isEvaluated(round: number, { evaluateEvery, rounds }: EvaluationSettings): boolean {
  return (round - 1) % evaluateEvery === 0 || round === rounds
}

/** Evaluates a server's rounds. A state in a file is read into the same memory every time. */
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

  /** Returns undefined where nothing is trained, and in a round without evaluation. */
  async of(round: number, state: GlobalState): Promise<number | undefined> {
    if (this.#accuracy === undefined || !isEvaluated(round, this.#settings)) return undefined
    const loaded = await state.load(this.#spare)
    if (state instanceof FileState) this.#spare = loaded
    return this.#accuracy(modelOf(this.#algorithm, loaded))
  }
}
