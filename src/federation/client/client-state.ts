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
 * What a client keeps between rounds, SCAFFOLD's c_i. What a round would make of it is *pending* until the server says that
 * the round has committed with this client's result; else it is forgotten, and nothing has happened.
 *
 * With a folder, both outlive the process: the pending one is on disk before the result is sent, and takes the other's
 * place by a rename.
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

  /** Fails now where the folder cannot be had. */
  static async open(client: string, folder: string | undefined): Promise<ClientState> {
    const state = new ClientState(client, folder)
    if (folder === undefined) return state
    await makeFolder(folder)
    state.#kept = await readKept(state.#files!.kept)
    state.#pending = await readKept(state.#files!.pending)
    return state
  }

  /** Of the last confirmed result; undefined before that. */
  get kept(): Weights | undefined {
    return this.#kept?.weights
  }

  /** Call it before the result is sent. */
  async setPending(pending: Kept): Promise<void> {
    this.#pending = pending
    if (this.#files !== undefined) await writeKept(this.#files.pending, pending)
  }

  /**
   * The server has told which result of this client a committed round took last. It decides over what is pending; a
   * server that has none began a new job, in which everybody begins at zero.
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

  /** Going on without it would leave the server's control variate wrong for ever. */
  assertNothingLost(confirmed: RoundAttempt | undefined): void {
    if (confirmed === undefined || isOf(this.#kept, confirmed)) return
    const found = this.#kept === undefined ? 'it has none' : `it has the one of round ${this.#kept.round}`
    throw new TidemarkError(
      `client "${this.#client}" took part in round ${confirmed.round}, and has to go on with the control variate that it made there; ${found}`,
      {
        fix:
          this.#files === undefined
            ? 'Start SCAFFOLD clients with --state-dir, and it outlives a restart. Start this job anew.'
            : 'Give --state-dir the folder that this client had in this job, or start the job anew.',
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

/** Beside what is kept, under `kept/`, a file has the round and attempt that it comes from. */
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
      fix: 'If it was damaged, remove it and start the job anew.',
      cause: error,
    })
  }
}
