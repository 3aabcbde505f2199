import { readWeights } from '../../tensors/safetensors/read-safetensors.js'
import { encodeWeights } from '../../tensors/safetensors/write-safetensors.js'
import { type TensorSpec, type Weights, weightsBytes } from '../../tensors/weights.js'
import { type Answer, Connection, HttpResponseError, type RequestOptions } from '../../transport/http-client.js'
import { readJson } from '../../transport/json-body.js'
import type { ResultClaim } from '../../transport/messages.js'
import { claimHeaders, HEADERS, PATHS, readCount, readHeader } from '../../transport/protocol.js'
import type { Confirmation, SwarmReply, Turn } from '../consensus/events.js'

export interface PeerClientOptions {
  self: string
  job: string
  token: string
  idleMs: number
  specs: readonly TensorSpec[]
  /** Returns a peer's address; undefined for one that the coordinator has not named. */
  addressOf: (name: string) => string | undefined
}

/** How a peer answered a result. */
export type ResultAnswer =
  | { state: 'taken' }
  /** Not open yet: retry. */
  | { state: 'early' }
  | { state: 'late'; round: number; attempt: number }
  | { state: 'rejected'; message: string }

export interface FetchedWeights {
  /** The round that these weights begin: they were committed in the one before. */
  round: number
  digest: string
  weights: Weights
}

/** Time-out of short requests, which are answered at once. */
const ANSWER_MS = 5000

/**
 * Requests to the other peers, over one connection each, so that a stalled peer delays no other.
 */
export class PeerClient {
  readonly #options: PeerClientOptions

  constructor(options: PeerClientOptions) {
    this.#options = options
  }

  async standing(to: string, signal: AbortSignal): Promise<{ round: number; votes: boolean }> {
    const answer = await this.#json(to, { method: 'GET', path: PATHS.standing }, ANSWER_MS, signal)
    return { round: Number(answer.round), votes: answer.votes === true }
  }

  /** Returns whether the successor has taken its turn. */
  async call(to: string, turn: Turn, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#json(to, { path: PATHS.call, headers: turnHeaders(turn) }, ANSWER_MS, signal)
    return answer.result === 'taken'
  }

  async ask(to: string, turn: Turn, signal: AbortSignal): Promise<SwarmReply> {
    return replyOf(await this.#json(to, { path: PATHS.promise, headers: turnHeaders(turn) }, ANSWER_MS, signal))
  }

  async propose(
    to: string,
    { weights, digest, ...turn }: Turn & { digest: string; weights: Weights },
    signal: AbortSignal,
  ): Promise<SwarmReply> {
    const request = {
      path: PATHS.proposal,
      headers: { ...turnHeaders(turn), [HEADERS.digest]: digest },
      body: encodeWeights(weights),
      askFirst: true,
    }
    return replyOf(await this.#json(to, request, this.#options.idleMs, signal))
  }

  async commit(
    to: string,
    { digest, accepted, ...turn }: Turn & { digest: string; accepted: readonly string[] },
    signal: AbortSignal,
  ): Promise<void> {
    const text = Buffer.from(JSON.stringify({ accepted }))
    const body = { byteLength: text.length, chunks: () => [text] }
    const headers = { ...turnHeaders(turn), [HEADERS.digest]: digest }
    await this.#json(to, { path: PATHS.commit, headers, body }, ANSWER_MS, signal)
  }

  async sendResult(
    to: string,
    claim: Omit<ResultClaim, 'client'>,
    weights: Weights,
    signal: AbortSignal,
  ): Promise<ResultAnswer> {
    // The headers alone settle a result without examples.
    const body = claim.numExamples === 0 ? {} : { body: encodeWeights(weights), askFirst: true }
    try {
      await this.#json(to, { path: PATHS.result, headers: claimHeaders(claim), ...body }, this.#options.idleMs, signal)
      return { state: 'taken' }
    } catch (error) {
      if (!(error instanceof HttpResponseError)) throw error
      const { round, attempt } = error.facts
      if (error.reason === 'early') return { state: 'early' }
      if (error.reason === 'late') return { state: 'late', round: Number(round), attempt: Number(attempt ?? 0) }
      if (error.reason === 'rejected') return { state: 'rejected', message: error.message }
      throw error
    }
  }

  async sendFailure(to: string, turn: Turn, message: string, signal: AbortSignal): Promise<void> {
    const text = Buffer.from(JSON.stringify({ message }))
    const body = { byteLength: text.length, chunks: () => [text] }
    await this.#json(to, { path: PATHS.failure, headers: turnHeaders(turn), body }, ANSWER_MS, signal)
  }

  /** Fetches a peer's committed weights, or those of a digest that it confirmed. */
  async fetchWeights(from: string, digest: string | undefined, signal: AbortSignal): Promise<FetchedWeights> {
    const { idleMs, specs } = this.#options
    const headers = digest === undefined ? {} : { [HEADERS.digest]: digest }
    return this.#with(from, { method: 'GET', path: PATHS.weights, headers }, idleMs, signal, async (answer) => {
      const weights = await readWeights(answer.body, { expected: specs, maxBytes: weightsBytes(specs) })
      return {
        round: readCount(answer.headers, HEADERS.round),
        digest: readHeader(answer.headers, HEADERS.digest) ?? '',
        weights,
      }
    })
  }

  async #json(to: string, request: PeerRequest, idleMs: number, signal: AbortSignal): Promise<Record<string, unknown>> {
    return this.#with(to, request, idleMs, signal, ({ body }) => readJson(body))
  }

  async #with<T>(
    to: string,
    { method = 'POST', path, headers = {}, ...body }: PeerRequest,
    idleMs: number,
    signal: AbortSignal,
    read: (answer: Answer) => Promise<T>,
  ): Promise<T> {
    const { self, job, token, addressOf } = this.#options
    const url = addressOf(to)
    if (url === undefined) throw new Error(`the address of peer "${to}" is not known`)
    const connection = new Connection({ url, token, idleMs, signal })
    try {
      const identity = { [HEADERS.job]: job, [HEADERS.client]: self }
      return await read(await connection.request({ method, path, headers: { ...identity, ...headers }, ...body }))
    } finally {
      connection.close()
    }
  }
}

type PeerRequest = Pick<RequestOptions, 'path' | 'body' | 'askFirst'> &
  Partial<Pick<RequestOptions, 'method' | 'headers'>>

function turnHeaders({ round, attempt }: Turn): Record<string, string> {
  return { [HEADERS.round]: String(round), [HEADERS.attempt]: String(attempt) }
}

/** Parses a reply. Anything else counts as a refusal that tells no round. */
function replyOf(answer: Record<string, unknown>): SwarmReply {
  const turn = { round: Number(answer.round), attempt: Number(answer.attempt) }
  switch (answer.type) {
    case 'promise':
      return { type: 'promise', ...turn, confirmed: confirmationOf(answer.confirmed) }
    case 'confirmation':
      return { type: 'confirmation', ...turn, digest: String(answer.digest) }
    case 'behind':
      return { type: 'behind', ...turn }
    default:
      return { type: 'refusal', ...turn }
  }
}

function confirmationOf(received: unknown): Confirmation | null {
  if (typeof received !== 'object' || received === null) return null
  const { attempt, digest } = received as Record<string, unknown>
  return { attempt: Number(attempt), digest: String(digest) }
}
