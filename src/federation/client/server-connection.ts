import { type JobSettings, parseSharedSettings } from '../process/job.js'
import { encodeHalfPrecision } from '../tensors/encode-half-precision.js'
import type { EncodedFile } from '../tensors/global-state.js'
import { WIRE_TYPES } from '../tensors/half-precision.js'
import { readWeights } from '../tensors/safetensors/read-safetensors.js'
import { type EncodedWeights, encodeWeights } from '../tensors/safetensors/write-safetensors.js'
import type { Weights } from '../tensors/weights.js'
import { Connection, HttpResponseError, type RequestOptions } from '../transport/http-client.js'
import { readJson } from '../transport/json-body.js'
import type { ResultClaim, TaskHead } from '../transport/messages.js'
import { claimHeaders, HEADERS, PATHS, POLL_MS, readConfirmed, readCount } from '../transport/protocol.js'
import { withReconnect } from '../transport/retry.js'
import { readTls } from '../transport/tls.js'

export interface LinkOptions {
  server: string
  token: string
  name: string
  connectDeadlineMs: number
  idleMs: number
  maxModelSize: number
  tlsCert: string | undefined
  tlsKey: string | undefined
  tlsCa: string | undefined
  signal: AbortSignal
  /** Called with the size of weights before they arrive. */
  onWeights?: (bytes: number) => void
  log: (line: string) => void
}

export type ClientTask =
  | { head: Exclude<TaskHead, { task: 'train' }> }
  | { head: Extract<TaskHead, { task: 'train' }>; weights: Weights }

/** How the server answered a result. */
export interface ResultAnswer {
  result: 'accepted' | 'duplicate' | 'not-counted' | 'late' | 'rejected'
  message: string
}

/**
 * A client's side of the protocol. It repairs broken connections, so every request may be sent
 * twice.
 */
export class ServerConnection {
  readonly #options: LinkOptions
  readonly #connection: Connection
  #job = ''
  #session = ''
  #settings: JobSettings | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#connection = new Connection({ ...options, url: options.server, tls: readTls(options) })
  }

  /** The settings of the job; a new object after the server restarted. */
  get settings(): JobSettings {
    if (this.#settings === undefined) throw new Error('the client has not joined yet')
    return this.#settings
  }

  async join(): Promise<void> {
    const answer = await this.#reconnecting(() =>
      this.#connection.requestJson({
        method: 'POST',
        path: PATHS.join,
        headers: { [HEADERS.client]: this.#options.name },
      }),
    )
    this.#settings = parseSharedSettings(answer.settings)
    this.#job = String(answer.job)
    this.#session = String(answer.session)
  }

  /** @param into weights that are no longer needed; a task's weights take their memory */
  async nextTask(into?: Weights): Promise<ClientTask> {
    try {
      return await this.#reconnecting(() => this.#fetchTask(into))
    } catch (error) {
      if (!isRefused(error, 'join-again')) throw error
      this.#options.log(`${error.message}; joining again`)
      await this.join()
      return { head: { task: 'wait' } }
    }
  }

  /** Sends a result until the server has accepted or refused it. */
  async sendResult(claim: Omit<ResultClaim, 'client'>, weights: Weights): Promise<ResultAnswer> {
    // The headers alone settle a result without examples.
    const body = claim.numExamples === 0 ? {} : { body: this.#encode(weights), askFirst: true }
    const request = this.#request('POST', PATHS.result, claimHeaders(claim), body)
    try {
      const answer = await this.#reconnecting(() => this.#connection.requestJson(request))
      return { result: answer.result as ResultAnswer['result'], message: String(answer.message ?? '') }
    } catch (error) {
      if (isRefused(error, 'late')) return { result: 'late', message: error.message }
      if (isRefused(error, 'rejected')) return { result: 'rejected', message: error.message }
      // The result's job is gone. The next request for a task joins the new one.
      if (isRefused(error, 'join-again')) return { result: 'late', message: error.message }
      throw error
    }
  }

  /** Tells the server not to wait for this client in this round. */
  async sendFailure({ round, attempt }: { round: number; attempt: number }, message: string): Promise<void> {
    const text = Buffer.from(JSON.stringify({ message }))
    const body = { byteLength: text.length, chunks: () => [text] }
    const headers = { [HEADERS.round]: String(round), [HEADERS.attempt]: String(attempt) }
    await this.#reconnecting(() =>
      this.#connection.requestJson(this.#request('POST', PATHS.failure, headers, { body })),
    )
  }

  close(): void {
    this.#connection.close()
  }

  #encode(weights: Weights): EncodedWeights | EncodedFile {
    const narrow = WIRE_TYPES[this.settings.wireDtype]
    const encoded = encodeWeights(weights)
    return narrow === undefined ? encoded : encodeHalfPrecision(encoded, narrow)
  }

  async #fetchTask(into: Weights | undefined): Promise<ClientTask> {
    const answer = await this.#connection.request({
      ...this.#request('GET', PATHS.task, {}),
      patienceMs: POLL_MS,
    })
    if (answer.headers[HEADERS.task] !== 'train')
      return { head: (await readJson(answer.body)) as Exclude<TaskHead, { task: 'train' }> }
    const { headers } = answer
    const place = { index: readCount(headers, HEADERS.place), clients: readCount(headers, HEADERS.clients) }
    const round = readCount(headers, HEADERS.round)
    const attempt = readCount(headers, HEADERS.attempt)
    this.#options.onWeights?.(Number(headers['content-length']))
    try {
      const weights = await readWeights(answer.body, {
        maxBytes: this.#options.maxModelSize,
        into,
        narrow: WIRE_TYPES[this.settings.wireDtype],
      })
      return { head: { task: 'train', round, attempt, place, confirmed: readConfirmed(headers) }, weights }
    } catch (error) {
      answer.body.destroy()
      throw error
    }
  }

  #request(
    method: RequestOptions['method'],
    path: string,
    headers: Record<string, string>,
    body: Pick<RequestOptions, 'body' | 'askFirst'> = {},
  ): RequestOptions {
    const identity = {
      [HEADERS.job]: this.#job,
      [HEADERS.client]: this.#options.name,
      [HEADERS.session]: this.#session,
    }
    return { method, path, headers: { ...identity, ...headers }, ...body }
  }

  #reconnecting<T>(operation: () => Promise<T>): Promise<T> {
    const { name, server, connectDeadlineMs: deadlineMs, signal, log } = this.#options
    return withReconnect(operation, {
      deadlineMs,
      signal,
      what: `client "${name}" could not reach the server at ${server}`,
      log,
    })
  }
}

function isRefused(error: unknown, reason: string): error is HttpResponseError {
  return error instanceof HttpResponseError && error.reason === reason
}
