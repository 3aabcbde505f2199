import type { IncomingMessage, ServerResponse } from 'node:http'
import { plainText } from '../../server/routes.js'
import { HttpError } from '../../transport/http-error.js'
import { readJson } from '../../transport/json-body.js'
import { HEADERS, PATHS, readClientName, readCount, readHeader } from '../../transport/protocol.js'
import type { Handler } from '../../transport/server-options.js'
import type { Roster, RosterEntry } from '../roster.js'
import { type CoordinatorSettings, sharedSettings } from '../swarm-job.js'

/** The state of the job, part of every heartbeat's answer. */
export interface JobStanding {
  state: 'joining' | 'running' | 'done' | 'failed'
  /** The reason for the failure. */
  message: string
  /** Peers that know of the end. */
  informed: Set<string>
}

export interface HeartbeatAnswer {
  state: JobStanding['state']
  message: string
  peers: RosterEntry[]
}

export interface CoordinatorContext {
  job: string
  settings: CoordinatorSettings
  roster: Roster
  standing: JobStanding
}

/** The routes of a coordinator. Every body is short JSON; no route takes weights. */
export function coordinatorRoutes(context: CoordinatorContext): Record<string, Handler> {
  return {
    [`POST ${PATHS.join}`]: (request) => join(context, request),
    [`POST ${PATHS.heartbeat}`]: (request, response) => beat(context, request, response),
    [`POST ${PATHS.failure}`]: (request) => fail(context, request),
    [`GET ${PATHS.status}`]: async () => ({
      job: context.job,
      algorithm: 'swarm',
      rounds: context.settings.rounds,
      state: context.standing.state,
      peers: context.roster.entries,
    }),
  }
}

async function join({ job, settings, roster }: CoordinatorContext, request: IncomingMessage): Promise<object> {
  const name = readClientName(request.headers)
  const { url } = await readJson(request)
  const joined = roster.join(name, addressOf(url, request))
  return { job, session: joined.session, returning: joined.isReturning, settings: sharedSettings(settings) }
}

/** A peer that listens on all addresses is reached at the address that it called from. */
function addressOf(url: unknown, request: IncomingMessage): string {
  const parsed = typeof url === 'string' && url.length < 200 && URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'http:')
    throw new HttpError(400, 'bad-request', { message: 'a peer must send the http address that it listens on' })
  const from = request.socket.remoteAddress
  if (['0.0.0.0', '[::]'].includes(parsed.hostname) && from !== undefined)
    parsed.hostname = from.includes(':') ? `[${from}]` : from
  return parsed.origin
}

async function beat(
  { job, roster, standing }: CoordinatorContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<HeartbeatAnswer> {
  const name = readClientName(request.headers)
  assertJob(job, request)
  const { votes } = await readJson(request)
  const round = readCount(request.headers, HEADERS.round)
  roster.beat(name, readHeader(request.headers, HEADERS.session), { round, votes: votes === true })
  const { state, message, informed } = standing
  if (state === 'done' || state === 'failed') response.once('finish', () => informed.add(name))
  return { state, message, peers: roster.entries }
}

/** Records that a peer found the job unable to continue. */
async function fail({ job, standing }: CoordinatorContext, request: IncomingMessage): Promise<object> {
  const name = readClientName(request.headers)
  assertJob(job, request)
  const { message } = await readJson(request)
  if (standing.state === 'running') {
    standing.state = 'failed'
    standing.message = `${name}: ${plainText(String(message))}`
  }
  return { result: 'noted' }
}

function assertJob(job: string, request: IncomingMessage): void {
  if (readHeader(request.headers, HEADERS.job) !== job)
    throw new HttpError(410, 'join-again', {
      message: `this coordinator has job ${job}, and the request is for another one`,
    })
}
