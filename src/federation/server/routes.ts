import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Semaphore } from '../async/semaphore.js'
import type { ClientRegistry } from '../rounds/client-registry.js'
import type { Task, TaskDispatcher } from '../rounds/task-dispatcher.js'
import { encodeHalfPrecision } from '../tensors/encode-half-precision.js'
import type { HalfPrecisionType } from '../tensors/half-precision.js'
import { MAX_HEADER_BYTES, WeightsError } from '../tensors/safetensors/safetensors-header.js'
import { type TensorSpec, weightsBytes } from '../tensors/weights.js'
import { HttpError } from '../transport/http-error.js'
import { type TransferLimits, withTransferLimits } from '../transport/http-server.js'
import { readJson } from '../transport/json-body.js'
import { drain, takeBody } from '../transport/message-body.js'
import type { JoinAnswer, ResultClaim, Verdict } from '../transport/messages.js'
import {
  confirmedHeaders,
  HEADERS,
  PATHS,
  POLL_MS,
  readClaim,
  readClientName,
  readCount,
  readHeader,
  WEIGHTS_TYPE,
} from '../transport/protocol.js'
import { sendChunks } from '../transport/send.js'
import type { Handler } from '../transport/server-options.js'
import { assertCertified } from '../transport/tls.js'
import type { Metrics } from './metrics.js'

export interface RoutesContext {
  job: string
  algorithm: string
  rounds: number
  settings: JoinAnswer['settings']
  limits: TransferLimits
  /** Limits concurrent uploads. */
  uploads: Semaphore
  metrics: Metrics
  /** Requires a client's name to match its certificate. */
  certified: boolean
  /** The 16-bit type that float32 weights travel in, if any. */
  narrow: HalfPrecisionType | undefined
  /** The tensors of a result. */
  specs: readonly TensorSpec[]
  members: ClientRegistry
  desk: TaskDispatcher
  log: (line: string) => void
}

/** The routes of a server, for clients and for people with curl. */
export function serverRoutes(context: RoutesContext): Record<string, Handler> {
  return {
    [`POST ${PATHS.join}`]: (request) => join(context, request),
    [`GET ${PATHS.task}`]: (request, response) => nextTask(context, request, response),
    [`POST ${PATHS.result}`]: (request, response) => takeResult(context, request, response),
    [`POST ${PATHS.failure}`]: (request) => takeFailure(context, request),
    [`GET ${PATHS.status}`]: () => status(context),
    [`GET ${PATHS.metrics}`]: (_, response) => metricsPage(context, response),
  }
}

async function join(context: RoutesContext, request: IncomingMessage): Promise<JoinAnswer> {
  const name = readClientName(request.headers)
  if (context.certified) assertCertified(request.socket, name)
  const session = context.members.join(name, request.socket)
  return { job: context.job, session, settings: context.settings }
}

async function nextTask(
  context: RoutesContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<object | undefined> {
  const client = admit(context, request)
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('the client hung up')))
  const task = await context.desk.nextTask(client, POLL_MS, gone.signal)
  if ('assignment' in task) {
    await sendTask(context, task, response)
    return undefined
  }
  if (task.head.task !== 'wait') response.once('finish', () => context.desk.markInformed(client))
  return task.head
}

async function sendTask(
  { limits, metrics, narrow }: RoutesContext,
  { head, assignment }: Extract<Task, { assignment: unknown }>,
  response: ServerResponse,
): Promise<void> {
  const whole = assignment.state.encode()
  const encoded = narrow === undefined ? whole : encodeHalfPrecision(whole, narrow)
  // A client that still reads when the round is over would hold weights that no round needs.
  const { settled } = assignment.collection
  const cut = () => response.destroy()
  settled.addEventListener('abort', cut)
  try {
    response.writeHead(200, {
      'content-type': WEIGHTS_TYPE,
      'content-length': encoded.byteLength,
      [HEADERS.task]: head.task,
      [HEADERS.round]: head.round,
      [HEADERS.attempt]: head.attempt,
      [HEADERS.place]: head.place.index,
      [HEADERS.clients]: head.place.clients,
      ...confirmedHeaders(head.confirmed),
    })
    await withTransferLimits(response.socket!, limits, () => sendChunks(response, encoded.chunks()))
    response.end()
    metrics.sentBytes += encoded.byteLength
  } catch (error) {
    // No client could receive these weights: they hold values that --wire-dtype cannot express.
    if (error instanceof WeightsError) assignment.collection.cancel(error)
    throw error
  } finally {
    settled.removeEventListener('abort', cut)
  }
}

async function takeResult(context: RoutesContext, request: IncomingMessage, response: ServerResponse): Promise<object> {
  admit(context, request)
  return uploadResult(context, request, response)
}

/** What taking a result needs. A peer neither queues nor counts uploads. */
type UploadContext = Pick<RoutesContext, 'specs' | 'limits'> &
  Partial<Pick<RoutesContext, 'uploads' | 'metrics'>> & {
    desk: Pick<TaskDispatcher, 'review' | 'take' | 'latest'> & Partial<Pick<TaskDispatcher, 'hasBegun'>>
  }

/** Judges a result by its headers, then reads its tensors if they are wanted. */
export async function uploadResult(
  context: UploadContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<object> {
  const claim = readClaim(request.headers)
  if ((await context.desk.hasBegun?.(POLL_MS)) === false)
    throw new HttpError(503, 'busy', { message: 'no round has begun yet; the same request may do later' })
  const early = context.desk.review(claim)
  if (early !== undefined) return answerOf(early)
  assertLength(request, context.specs)
  const take = () => upload(context, claim, request, response)
  const answer = await (context.uploads?.whileHeld(POLL_MS, take) ?? take())
  if (answer !== undefined) return answer
  throw new HttpError(503, 'busy', { message: 'the server takes other results now; the same request may do later' })
}

async function upload(
  context: UploadContext,
  claim: ResultClaim,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<object> {
  const { desk, limits, metrics } = context
  // The round may have ended while this upload waited.
  const early = desk.review(claim)
  if (early !== undefined) return answerOf(early)
  const body = takeBody(request, response)
  const settled = desk.latest?.settled
  // An upload that is incomplete when the round ends is late. Stop reading, since the rest would
  // hold memory.
  const cut = () => {
    if (!request.complete) body.destroy()
  }
  settled?.addEventListener('abort', cut)
  // Node closes no request that was answered before its end, as one that is too slow is.
  response.once('close', cut)
  try {
    return await withTransferLimits(request.socket, limits, async () => {
      const verdict = await desk.take(claim, body)
      await drain(body)
      metrics?.noteResult(verdict, Number(request.headers['content-length'] ?? 0))
      return answerOf(verdict)
    })
  } finally {
    settled?.removeEventListener('abort', cut)
  }
}

async function takeFailure(context: RoutesContext, request: IncomingMessage): Promise<object> {
  const client = admit(context, request)
  const round = readCount(request.headers, HEADERS.round)
  const attempt = readCount(request.headers, HEADERS.attempt)
  const { message } = await withTransferLimits(request.socket, context.limits, () => readJson(request))
  const reason = typeof message === 'string' ? plainText(message) : 'it gave no reason'
  const rules = context.desk.latest?.rules
  if (rules?.round === round && rules.attempt === attempt) context.desk.fail(client, reason)
  context.log(`${client} cannot answer in round ${round}: ${reason}`)
  return { result: 'noted' }
}

async function metricsPage(
  { metrics, members, desk, rounds }: RoutesContext,
  response: ServerResponse,
): Promise<undefined> {
  const { names, present } = members
  const text = metrics.text({ round: desk.latest, rounds, clients: names.length, connected: present.length })
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

async function status({ job, algorithm, rounds, members, desk }: RoutesContext): Promise<object> {
  const present = new Set(members.present)
  const collection = desk.latest
  return {
    job,
    algorithm,
    rounds,
    round: collection?.rules.round ?? 0,
    attempt: collection?.rules.attempt ?? 0,
    clients: members.names.map((name) => ({
      name,
      connected: present.has(name),
      awaited: collection?.awaits(name) ?? false,
    })),
  }
}

/**
 * Returns the client that a request comes from. Throws HttpError if it does not belong to this job.
 */
function admit({ job, members, certified }: RoutesContext, request: IncomingMessage): string {
  const name = readClientName(request.headers)
  if (certified) assertCertified(request.socket, name)
  if (readHeader(request.headers, HEADERS.job) !== job)
    throw new HttpError(410, 'join-again', {
      message: `the server runs job ${job}, and the request is for another one`,
    })
  members.admit(name, readHeader(request.headers, HEADERS.session), request.socket)
  return name
}

/** Checks the length before any byte of the body is read. */
export function assertLength(request: IncomingMessage, specs: readonly TensorSpec[]): void {
  const length = request.headers['content-length']
  if (length === undefined)
    throw new HttpError(411, 'length-required', { message: 'a result must come with its Content-Length' })
  const most = weightsBytes(specs) + MAX_HEADER_BYTES
  if (Number(length) > most)
    throw new HttpError(413, 'too-large', {
      message: `the result has ${length} bytes, and this model's has at most ${most}`,
    })
}

function answerOf(verdict: Verdict): object {
  switch (verdict.state) {
    case 'accepted':
      return { result: 'accepted' }
    case 'duplicate':
      return { result: 'duplicate', message: 'the server already has a result of this client for this round' }
    case 'not-counted':
      return { result: 'not-counted', message: 'a result without examples has no weight in the mean' }
    case 'late':
      throw new HttpError(409, 'late', {
        message: `the result came too late; ${verdict.reason}`,
        facts: { round: verdict.round },
      })
    case 'rejected':
      throw new HttpError(422, 'rejected', { message: `the result was rejected: ${verdict.reason}` })
  }
}

/** Reduces text to one line of at most 300 characters, for logs and marks. */
export function plainText(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 300)
}
