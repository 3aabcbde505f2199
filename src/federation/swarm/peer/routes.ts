import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { assertLength, plainText, uploadResult } from '../../server/routes.js'
import { RunningDigest } from '../../tensors/digest.js'
import { readWeights } from '../../tensors/safetensors/read-safetensors.js'
import { WeightsError } from '../../tensors/safetensors/safetensors-header.js'
import { encodeWeights } from '../../tensors/safetensors/write-safetensors.js'
import { type Weights, weightsBytes } from '../../tensors/weights.js'
import { HttpError } from '../../transport/http-error.js'
import { withIdleDeadline } from '../../transport/http-server.js'
import { readJson } from '../../transport/json-body.js'
import { drain, takeBody } from '../../transport/message-body.js'
import {
  HEADERS,
  PATHS,
  readClaim,
  readClientName,
  readCount,
  readHeader,
  WEIGHTS_TYPE,
} from '../../transport/protocol.js'
import { sendChunks } from '../../transport/send.js'
import type { Handler } from '../../transport/server-options.js'
import type { SwarmReply, Turn } from '../consensus/events.js'
import type { WeightStore } from '../consensus/weight-store.js'
import type { PeerRuntime } from './runtime.js'

export interface PeerNode {
  job: string
  self: string
  peers: readonly string[]
  idleMs: number
  driver: PeerRuntime
  kept: WeightStore
  /** Asks the coordinator again who lives and where. */
  lookAround: () => void
}

/**
 * The routes of a peer.
 *
 * @param node undefined until this peer knows its job
 */
export function peerRoutes(node: () => PeerNode | undefined): Record<string, Handler> {
  const known = (): PeerNode => {
    const found = node()
    if (found === undefined) throw new HttpError(409, 'early', { message: 'this peer has not begun yet' })
    return found
  }
  const receiving: Receiving = { request: undefined }
  return {
    [`GET ${PATHS.standing}`]: async (request) => standing(known(), request),
    [`POST ${PATHS.call}`]: async (request) => takeCall(known(), request),
    [`POST ${PATHS.promise}`]: async (request) => takeAsk(known(), request),
    [`POST ${PATHS.result}`]: (request, response) => takeResult(known(), request, response),
    [`POST ${PATHS.failure}`]: (request) => takeFailure(known(), request),
    [`POST ${PATHS.proposal}`]: (request, response) => takeProposal(known(), { request, response, receiving }),
    [`POST ${PATHS.commit}`]: (request) => takeCommit(known(), request),
    [`GET ${PATHS.weights}`]: (request, response) => giveWeights(known(), request, response),
    [`GET ${PATHS.status}`]: async () => status(known()),
  }
}

/** Only the newest of several proposals is read: each would hold a set of weights here. */
interface Receiving {
  request: IncomingMessage | undefined
}

function standing(node: PeerNode, request: IncomingMessage): object {
  admit(node, request)
  const { round, attempt } = node.driver.state
  return { round, attempt, votes: node.driver.isWhole }
}

/** Answers whether this turn or a later one was taken. */
function takeCall(node: PeerNode, request: IncomingMessage): object {
  const from = admit(node, request)
  const turn = turnOf(request)
  hearNews(node, from, turn)
  node.driver.hear({ type: 'call', ...turn })
  const { round, attempt } = node.driver.state
  const isTaken = round > turn.round || (round === turn.round && attempt >= turn.attempt)
  return { result: isTaken ? 'taken' : 'not-taken', round, attempt }
}

function takeAsk(node: PeerNode, request: IncomingMessage): SwarmReply | undefined {
  const from = admit(node, request)
  return node.driver.hear({ type: 'ask', from, ...turnOf(request) })
}

/**
 * A result may arrive before this peer collects. It waits a while, then its sender is asked to
 * retry.
 */
async function takeResult(node: PeerNode, request: IncomingMessage, response: ServerResponse): Promise<object> {
  const from = admit(node, request)
  const { driver, kept, idleMs } = node
  const claim = readClaim(request.headers)
  hearNews(node, from, claim)
  driver.hear({ type: 'call', ...claim })
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('the sender hung up')))
  const collection = await driver.collectionSoon(claim, gone.signal)
  if (collection === undefined) throw unready(driver.state, claim)
  const desk = {
    latest: collection,
    review: collection.review.bind(collection),
    take: collection.take.bind(collection),
  }
  return uploadResult({ desk, specs: kept.global.specs, limits: { idleMs, minRate: 0 } }, request, response)
}

function unready({ round, attempt }: Turn, wanted: Turn): HttpError {
  const isLate = round > wanted.round || (round === wanted.round && attempt > wanted.attempt)
  const facts = { round, attempt }
  return isLate
    ? new HttpError(409, 'late', { message: `the result came too late; this peer is in round ${round}`, facts })
    : new HttpError(409, 'early', { message: 'this peer does not collect yet; come again', facts })
}

async function takeFailure(node: PeerNode, request: IncomingMessage): Promise<object> {
  const from = admit(node, request)
  const turn = turnOf(request)
  const { message } = await readJson(request)
  node.driver.takeFailure(from, turn, plainText(String(message)))
  return { result: 'noted' }
}

async function takeProposal(
  node: PeerNode,
  { request, response, receiving }: { request: IncomingMessage; response: ServerResponse; receiving: Receiving },
): Promise<SwarmReply | undefined> {
  const from = admit(node, request)
  const { driver, kept, idleMs } = node
  const proposal = { from, ...turnOf(request), digest: digestOf(request) }
  hearNews(node, from, proposal)
  const unwanted = driver.judge(proposal)
  if (unwanted !== undefined) return unwanted
  if (kept.hasProposed(proposal.digest)) return driver.hear({ type: 'proposal', ...proposal })
  assertLength(request, kept.global.specs)
  receiving.request?.destroy()
  receiving.request = request
  driver.news.arriving = request.socket
  try {
    const body = takeBody(request, response)
    const digest = new RunningDigest()
    const weights = await withIdleDeadline(request.socket, idleMs, () => readProposal(node, body, digest))
    if (digest.of(weights.specs) !== proposal.digest)
      throw new HttpError(422, 'rejected', { message: 'the proposed weights have another digest than was announced' })
    return driver.takeProposal(proposal, weights)
  } finally {
    if (receiving.request === request) {
      receiving.request = undefined
      driver.news.arriving = undefined
    }
  }
}

async function readProposal({ kept }: PeerNode, body: Readable, digest: RunningDigest): Promise<Weights> {
  const { specs } = kept.global
  try {
    const into = kept.spares.take()
    const weights = await readWeights(body, { expected: specs, maxBytes: weightsBytes(specs), into, digest })
    await drain(body)
    return weights
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error
    throw new HttpError(422, 'rejected', { message: `the proposal was rejected: ${error.message}` })
  }
}

async function takeCommit(node: PeerNode, request: IncomingMessage): Promise<object> {
  const from = admit(node, request)
  node.driver.hear({ type: 'commit', from, ...turnOf(request), digest: digestOf(request) })
  return { result: 'noted' }
}

/** Sends the committed weights, or those of a requested digest. */
async function giveWeights(node: PeerNode, request: IncomingMessage, response: ServerResponse): Promise<undefined> {
  admit(node, request)
  const { driver, kept, idleMs } = node
  const wanted = readHeader(request.headers, HEADERS.digest)
  if (driver.state.round === 0) throw new HttpError(409, 'early', { message: 'this peer has no weights yet' })
  const digest = wanted ?? kept.globalDigest
  const weights = kept.find(digest)
  if (weights === undefined) throw new HttpError(404, 'not-found', { message: 'this peer does not hold these weights' })
  using _reading = kept.reading(weights)
  const encoded = encodeWeights(weights)
  response.writeHead(200, {
    'content-type': WEIGHTS_TYPE,
    'content-length': encoded.byteLength,
    [HEADERS.round]: driver.state.round,
    [HEADERS.digest]: digest,
  })
  await withIdleDeadline(response.socket!, idleMs, () => sendChunks(response, encoded.chunks()))
  response.end()
  return undefined
}

function status({ job, driver, peers, self }: PeerNode): object {
  const { round, attempt, stage } = driver.state
  return {
    job,
    algorithm: 'swarm',
    name: self,
    round,
    attempt,
    stage: stage.name,
    peers: peers.map((name) => ({ name, lost: driver.isLost(name) })),
  }
}

/** A sender in a newer round has weights that this peer lacks. */
function hearNews({ driver }: PeerNode, from: string, { round }: Turn): void {
  void driver.news.hear({ from, round })
}

/**
 * Returns the peer that a request comes from. Throws HttpError if it does not belong to this job.
 */
function admit({ job, peers, self, driver, lookAround }: PeerNode, request: IncomingMessage): string {
  const name = readClientName(request.headers)
  if (readHeader(request.headers, HEADERS.job) !== job)
    throw new HttpError(410, 'join-again', {
      message: `this peer is in job ${job}, and the request is for another one`,
    })
  if (name === self || !peers.includes(name))
    throw new HttpError(400, 'bad-request', { message: `"${name}" is no other peer of this job: ${peers.join(', ')}` })
  if (driver.isLost(name)) lookAround()
  return name
}

function turnOf(request: IncomingMessage): Turn {
  return { round: readCount(request.headers, HEADERS.round), attempt: readCount(request.headers, HEADERS.attempt) }
}

function digestOf(request: IncomingMessage): string {
  const digest = readHeader(request.headers, HEADERS.digest)
  if (digest === undefined || !/^[0-9a-f]{64}$/.test(digest))
    throw new HttpError(400, 'bad-request', { message: `the header ${HEADERS.digest} must be 64 hexadecimal digits` })
  return digest
}
