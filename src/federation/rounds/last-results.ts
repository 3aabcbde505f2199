import { TidemarkError } from '../../shared/errors.js'
import type { Projection } from '../tensors/projection.js'
import type { ResultClaim } from '../transport/messages.js'

/** Each client's last result in a committed round, without its tensors. */
export class LastResults {
  readonly #last = new Map<string, ResultClaim>()

  get all(): ResultClaim[] {
    return [...this.#last.values()]
  }

  /** Examples of each client, as far as known. */
  get examples(): Map<string, number> {
    return new Map(this.all.map(({ client, numExamples }) => [client, numExamples]))
  }

  /** With --debug: what each client keeps after its last result. */
  get kept(): Map<string, Projection> {
    return new Map(this.all.flatMap(({ client, kept }) => (kept === undefined ? [] : [[client, kept.after] as const])))
  }

  /**
   * Restores the results of an interrupted server; what each client began with was checked then.
   */
  restore(results: readonly ResultClaim[]): void {
    for (const claim of results) this.#last.set(claim.client, claim)
  }

  /** @throws TidemarkError when a client did not begin with what its last counted result left */
  commit(accepted: readonly ResultClaim[]): void {
    for (const claim of accepted) {
      assertKept(claim, this.#last.get(claim.client))
      this.#last.set(claim.client, claim)
    }
  }
}

function assertKept({ client, kept }: ResultClaim, last: ResultClaim | undefined): void {
  const before = last?.kept?.after.sum ?? 0
  if (kept === undefined || kept.before.sum === before) return
  throw new TidemarkError(
    `client "${client}" keeps another state than its last counted result left it with: the projections are ${kept.before.sum} and ${before}`,
  )
}
