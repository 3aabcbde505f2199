/** The protocol's names and header formats, documented in docs/wire-protocol.md. */
import type { IncomingHttpHeaders } from 'node:http'
import { HttpError } from './http-error.js'
import { CLIENT_NAME, type ResultClaim, type RoundAttempt } from './messages.js'

export const PATHS = {
  join: '/v1/join',
  task: '/v1/task',
  result: '/v1/result',
  failure: '/v1/failure',
  status: '/v1/status',
  // Between the peers of a swarm, and from them to their coordinator.
  heartbeat: '/v1/heartbeat',
  standing: '/v1/standing',
  call: '/v1/call',
  promise: '/v1/promise',
  proposal: '/v1/proposal',
  commit: '/v1/commit',
  weights: '/v1/weights',
  metrics: '/metrics',
} as const

export const HEADERS = {
  job: 'tidemark-job',
  client: 'tidemark-client',
  session: 'tidemark-session',
  task: 'tidemark-task',
  round: 'tidemark-round',
  attempt: 'tidemark-attempt',
  examples: 'tidemark-examples',
  steps: 'tidemark-steps',
  place: 'tidemark-place',
  clients: 'tidemark-clients',
  digest: 'tidemark-digest',
  confirmedRound: 'tidemark-confirmed-round',
  confirmedAttempt: 'tidemark-confirmed-attempt',
  kept: 'tidemark-kept',
} as const

/**
 * How long the server holds a request for the next task before it answers "wait"; the client then
 * asks again.
 */
export const POLL_MS = 20_000

/** Longest JSON text that either side reads. Settings and refusals are far shorter. */
export const MAX_JSON_BYTES = 64 * 2 ** 10

export const WEIGHTS_TYPE = 'application/octet-stream'

/** Returns the client that a request names. Throws a {@link HttpError}. */
export function readClientName(headers: IncomingHttpHeaders): string {
  const name = readHeader(headers, HEADERS.client)
  if (name === undefined || !CLIENT_NAME.test(name))
    throw new HttpError(400, 'bad-request', {
      message: `the header ${HEADERS.client} must name the client: up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit`,
    })
  return name
}

/**
 * Reads the claim of a result. Throws a {@link HttpError} where round or attempt are no numbers.
 */
export function readClaim(headers: IncomingHttpHeaders): ResultClaim {
  return {
    client: readClientName(headers),
    round: readCount(headers, HEADERS.round),
    attempt: readCount(headers, HEADERS.attempt),
    // The rules of a round judge, in their order, whether it is a number.
    numExamples: readNumber(headers, HEADERS.examples),
    steps: readCount(headers, HEADERS.steps),
    ...readKept(headers),
  }
}

export function claimHeaders(claim: Omit<ResultClaim, 'client'>): Record<string, string> {
  return {
    [HEADERS.round]: String(claim.round),
    [HEADERS.attempt]: String(claim.attempt),
    [HEADERS.examples]: String(claim.numExamples),
    [HEADERS.steps]: String(claim.steps),
    ...(claim.kept === undefined ? {} : { [HEADERS.kept]: keptText(claim.kept) }),
  }
}

export function confirmedHeaders(confirmed: RoundAttempt | undefined): Record<string, number> {
  if (confirmed === undefined) return {}
  return { [HEADERS.confirmedRound]: confirmed.round, [HEADERS.confirmedAttempt]: confirmed.attempt }
}

export function readConfirmed(headers: IncomingHttpHeaders): RoundAttempt | undefined {
  if (readHeader(headers, HEADERS.confirmedRound) === undefined) return undefined
  return {
    round: readCount(headers, HEADERS.confirmedRound),
    attempt: readCount(headers, HEADERS.confirmedAttempt),
  }
}

/** Sum and scale before, sum and scale after, separated by spaces. */
function keptText({ before, after }: NonNullable<ResultClaim['kept']>): string {
  return [before.sum, before.scale, after.sum, after.scale].join(' ')
}

function readKept(headers: IncomingHttpHeaders): Pick<ResultClaim, 'kept'> {
  const numbers = readHeader(headers, HEADERS.kept)?.split(' ').map(Number)
  if (numbers === undefined) return {}
  const [sum, scale, sumAfter, scaleAfter] = numbers
  if (numbers.length !== 4 || !numbers.every(Number.isFinite))
    throw new HttpError(400, 'bad-request', { message: `the header ${HEADERS.kept} must be four numbers` })
  return { kept: { before: { sum: sum!, scale: scale! }, after: { sum: sumAfter!, scale: scaleAfter! } } }
}

/** Reads a whole number of at least zero. */
export function readCount(headers: IncomingHttpHeaders, name: string): number {
  const value = readHeader(headers, name)
  if (value === undefined || !/^\d{1,15}$/.test(value))
    throw new HttpError(400, 'bad-request', { message: `the header ${name} must be a whole number` })
  return Number(value)
}

export function readHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

function readNumber(headers: IncomingHttpHeaders, name: string): number {
  const value = readHeader(headers, name)
  return value === undefined || value.trim() === '' ? Number.NaN : Number(value)
}
