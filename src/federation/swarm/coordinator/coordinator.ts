import { randomBytes } from 'node:crypto'
import { assertQuorum } from '../../../options/job-check.js'
import { TidemarkError, UsageError } from '../../../shared/errors.js'
import { count } from '../../../shared/text.js'
import { formatDuration } from '../../../shared/units.js'
import { nowMs, type RoleProcess } from '../../process/role-process.js'
import { type ListeningServer, listen } from '../../transport/http-server.js'
import { makeToken, readToken } from '../../transport/token.js'
import { strangersOf } from '../consensus/rotation.js'
import { majorityOf } from '../consensus/state.js'
import { Roster } from '../roster.js'
import type { CoordinatorSettings } from '../swarm-job.js'
import { coordinatorRoutes, type JobStanding } from './routes.js'

/** How often the coordinator checks for changes that only time brings. */
const LOOK_EVERY_MS = 200
/** How long the end of a job waits for live peers to learn of it. */
const SHUTDOWN_GRACE_MS = 10_000

/**
 * Runs the coordinator of a swarm from its start to the end of the job: it knows the peers, their
 * addresses and whether they live. It names no aggregator, has no vote and sees no weights; peers
 * that know each other continue without it.
 */
export async function runCoordinator(
  settings: CoordinatorSettings,
  modelBytes: number,
  role: RoleProcess,
): Promise<void> {
  assertQuorum(settings, 'peer')
  const roster = new Roster({ size: settings.clients, silenceMs: settings.reconnectMs, nowMs })
  const standing: JobStanding = { state: 'joining', message: '', informed: new Set() }
  const server = await openServer(settings, { roster, standing, modelBytes }, role)
  try {
    await watchJob(settings, { roster, standing, url: server.url }, role)
    await farewell(roster, standing)
  } catch (error) {
    standing.state = 'failed'
    standing.message = error instanceof Error ? error.message : String(error)
    await farewell(roster, standing)
    throw error
  } finally {
    await server.close()
  }
}

async function openServer(
  settings: CoordinatorSettings,
  { roster, standing, modelBytes }: { roster: Roster; standing: JobStanding; modelBytes: number },
  role: RoleProcess,
): Promise<ListeningServer> {
  const given = readToken(settings.tokenFile)
  const token = given ?? makeToken()
  const server = await listen({
    host: settings.host,
    port: settings.port,
    token,
    maxConnections: 4 * settings.clients + 16,
    routes: coordinatorRoutes({ job: randomBytes(8).toString('hex'), settings, roster, standing }),
    log: role.log,
  })
  role.mark({ mark: 'ready', url: server.url, modelBytes })
  role.log(`swarm of ${count(settings.clients, 'peer')}, ${settings.rotation}, on ${server.url}`)
  role.log(`start each peer with: tidemark peer --coordinator ${server.url} --name NAME`)
  if (given === undefined) role.log(`and the join token, which was made up for this job: TIDEMARK_TOKEN=${token}`)
  return server
}

/** Waits until all live peers have done the last round. */
async function watchJob(
  settings: CoordinatorSettings,
  { roster, standing, url }: { roster: Roster; standing: JobStanding; url: string },
  role: RoleProcess,
): Promise<void> {
  const isComplete = await look(() => roster.isComplete, { ...role, deadlineMs: settings.joinDeadlineMs })
  if (!isComplete) throw tooFewJoined(settings, roster, url)
  const names = roster.entries.map(({ name }) => name)
  const strangers = strangersOf({ rotation: settings.rotation, peers: names, seed: settings.seed })
  if (strangers.length > 0)
    throw new UsageError(`--rotation names ${strangers.join(', ')}, and the peers are ${names.join(', ')}`, {
      fix: 'Name peers of the job, or use round-robin.',
    })
  standing.state = 'running'
  role.log(`${names.join(', ')} joined`)
  let lost: string[] = []
  let majorityLostMs: number | undefined
  await look(
    () => {
      if (standing.state === 'failed') throw new TidemarkError(`the job ended: ${standing.message}`)
      const now = roster.lost
      for (const name of now.filter((one) => !lost.includes(one)))
        role.log(`lost ${name}: it has sent no heartbeat for ${formatDuration(settings.reconnectMs)}`)
      for (const name of lost.filter((one) => !now.includes(one))) role.log(`${name} is back`)
      lost = now
      // A restarted peer has lost its promises and votes again two rounds later, which never comes
      // without the others.
      const voters = roster.entries.filter(({ isLost, votes }) => votes && !isLost)
      majorityLostMs = voters.length < majorityOf(names) ? (majorityLostMs ?? nowMs()) : undefined
      if (majorityLostMs !== undefined && nowMs() - majorityLostMs > settings.joinDeadlineMs)
        throw majorityLost(settings, roster)
      return (
        roster.entries.every(({ isLost, round }) => isLost || round > settings.rounds) && lost.length < names.length
      )
    },
    { ...role, deadlineMs: Number.POSITIVE_INFINITY },
  )
  standing.state = 'done'
}

function tooFewJoined({ clients, joinDeadlineMs }: CoordinatorSettings, roster: Roster, url: string): TidemarkError {
  const names = roster.entries.map(({ name }) => name)
  return new TidemarkError(
    `${names.length} of ${count(clients, 'peer')} joined within ${formatDuration(joinDeadlineMs)} (${names.join(', ') || 'none'})`,
    { fix: `Start the others with: tidemark peer --coordinator ${url} --name NAME, or raise --join-deadline.` },
  )
}

function majorityLost({ joinDeadlineMs }: CoordinatorSettings, roster: Roster): TidemarkError {
  const { entries, lost } = roster
  const names = entries.map(({ name }) => name)
  const restarted = entries.filter(({ votes, isLost }) => !votes && !isLost).map(({ name }) => name)
  const needs = `a commit needs ${majorityOf(names)} of the ${names.length} peers`
  const within = `within ${formatDuration(joinDeadlineMs)}`
  const missing = lost.length === 0 ? '' : `; ${lost.join(', ')} did not come back ${within}`
  if (restarted.length === 0)
    return new TidemarkError(`${needs}, and ${names.length - lost.length} live${missing}`, { fix: MORE_PEERS })
  return new TidemarkError(
    `${needs} with their memory of the round, and ${names.length - lost.length - restarted.length} have it; ${restarted.join(', ')} lost it when restarted${missing}`,
    { fix: `Start the job again. ${MORE_PEERS}` },
  )
}

const MORE_PEERS = 'Their logs say why they ended. With more peers, more of them may be missing at a time.'

/** Waits for `isSo` or the deadline, and returns which came. */
async function look(
  isSo: () => boolean,
  { signal, deadlineMs }: { signal: AbortSignal; deadlineMs: number },
): Promise<boolean> {
  const endMs = nowMs() + deadlineMs
  while (!isSo()) {
    if (nowMs() > endMs) return false
    await pause(signal)
  }
  return true
}

function pause(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, LOOK_EVERY_MS)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Waits until every live peer knows how the job ended. */
async function farewell(roster: Roster, { informed }: JobStanding): Promise<void> {
  const endMs = nowMs() + SHUTDOWN_GRACE_MS
  while (nowMs() < endMs && !roster.entries.every(({ name, isLost }) => isLost || informed.has(name))) await pause()
}
