import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, systemErrorCode, TidemarkError, UsageError } from '../../shared/errors.js'
import { readCheckpoint, writeCheckpoint } from '../tensors/checkpoint.js'
import { stateInMemory } from '../tensors/global-state.js'
import { joinParts, partOf } from '../tensors/tensor-prefix.js'
import type { TensorSpec, Weights } from '../tensors/weights.js'
import type { RoundAttempt } from '../transport/messages.js'

interface Kept extends RoundAttempt {
  weights: Weights
}

/**
 * Holds what a client keeps between rounds: SCAFFOLD's c_i. The outcome of a round stays *pending*
 * until the server says that the round committed with this client's result; otherwise it is
 * dropped, as if the round had not happened.
 *
 * With a folder, both survive the process: the pending state is on disk before the result is sent,
 * and a rename makes it current.
 */
export class ClientState {
  readonly #files: { kept: string; pending: string } | undefined
  readonly #client: string
  #kept: Kept | undefined
  #pending: Kept | undefined

  private constructor(client: string, folder: string | undefined) {
    this.#client = client
    this.#files =
      folder === undefined
        ? undefined
        : {
            kept: join(folder, `${client}.kept.safetensors`),
            pending: join(folder, `${client}.pending.safetensors`),
          }
  }

  /** Fails now if the folder cannot be made. */
  static async open(client: string, folder: string | undefined): Promise<ClientState> {
    const state = new ClientState(client, folder)
    if (folder === undefined) return state
    await makeFolder(folder)
    state.#kept = await readKept(state.#files!.kept)
    state.#pending = await readKept(state.#files!.pending)
    return state
  }

  /** The state of the last confirmed result; undefined before the first. */
  get kept(): Weights | undefined {
    return this.#kept?.weights
  }

  /** Call it before the result is sent. */
  async setPending(pending: Kept): Promise<void> {
    this.#pending = pending
    if (this.#files !== undefined) await writeKept(this.#files.pending, pending)
  }

  /**
   * Settles the pending state by the last result of this client that a committed round took. A
   * server that names none began a new job, in which every client begins at zero.
   */
  async settle(confirmed: RoundAttempt | undefined): Promise<void> {
    const pending = this.#pending
    this.#pending = undefined
    if (isOf(pending, confirmed)) {
      this.#kept = pending
      if (this.#files !== undefined) await rename(this.#files.pending, this.#files.kept)
      return
    }
    if (confirmed === undefined) this.#kept = undefined
    if (this.#files === undefined) return
    await rm(this.#files.pending, { force: true })
    if (confirmed === undefined) await rm(this.#files.kept, { force: true })
  }

  /** Refuses to continue without the state: the server's control variate would stay wrong. */
  assertNothingLost(confirmed: RoundAttempt | undefined): void {
    if (confirmed === undefined || isOf(this.#kept, confirmed)) return
    const found = this.#kept === undefined ? 'it has none' : `it has the one of round ${this.#kept.round}`
    throw new TidemarkError(
      `client "${this.#client}" took part in round ${confirmed.round}, and has to continue with the control variate that it made there; ${found}`,
      {
        fix:
          this.#files === undefined
            ? 'Start SCAFFOLD clients with --state-dir, and it outlives a restart. Start this job again.'
            : 'Give --state-dir the folder that this client had in this job, or start the job again.',
      },
    )
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return
    throw new UsageError(`the folder for the client's state, ${folder}, cannot be made: ${messageOf(error)}`, {
      fix: 'Give --state-dir a folder that can be written, in one that exists.',
      cause: error,
    })
  }
}

function isOf(state: RoundAttempt | undefined, of: RoundAttempt | undefined): boolean {
  return state !== undefined && state.round === of?.round && state.attempt === of.attempt
}

/**
 * Names the tensor that stores the round and attempt of the state. The state itself stands under
 * `kept/`.
 */
const MADE_IN: TensorSpec = { name: 'round-and-attempt', dtype: 'F64', shape: [2] }

function writeKept(file: string, { weights, round, attempt }: Kept): Promise<void> {
  const made = { specs: [MADE_IN], data: [Float64Array.of(round, attempt)] }
  return writeCheckpoint(file, stateInMemory(joinParts({ kept: weights, made })))
}

async function readKept(file: string): Promise<Kept | undefined> {
  try {
    const all = await readCheckpoint(file)
    const [round, attempt] = partOf(all, 'made').data[0] ?? []
    if (round === undefined || attempt === undefined) throw new Error('it does not say which round it is from')
    return { weights: partOf(all, 'kept'), round, attempt }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw new UsageError(`the state of this client, ${file}, cannot be read: ${messageOf(error)}`, {
      fix: 'If it was damaged, remove it and start the job again.',
      cause: error,
    })
  }
}
