import { TidemarkError } from '../../shared/errors.js'
import type { Projection } from '../tensors/projection.js'
import type { ResultClaim } from '../transport/messages.js'

/** Each client's last result that a committed round has taken, without its tensors. */
export class LastResults {
  readonly #last = new Map<string, ResultClaim>()

  get all(): ResultClaim[] {
    return [...this.#last.values()]
  }

  /** Examples of each client, as far as is known. */
  get examples(): Map<string, number> {
    return new Map(this.all.map(({ client, numExamples }) => [client, numExamples]))
  }

  /** With --debug: what each client keeps, as its last result left it. */
  get kept(): Map<string, Projection> {
    return new Map(this.all.flatMap(({ client, kept }) => (kept === undefined ? [] : [[client, kept.after] as const])))
  }

  /** As they were when the server was interrupted: what each client began its last result with was checked then. */
  restore(results: readonly ResultClaim[]): void {
    for (const claim of results) this.#last.set(claim.client, claim)
  }

  /** @throws TidemarkError when a client did not begin with what its last counted result left it with */
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
