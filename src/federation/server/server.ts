import { cleanupMemory } from '../../memory/index.js'
import { assertQuorum } from '../../options/job-check.js'
import { messageOf, TidemarkError, UsageError } from '../../shared/errors.js'
import { count } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import { ownOptions } from '../algorithms/all.js'
import { stateSpecs } from '../algorithms/state.js'
import { Condition } from '../async/condition.js'
import { Semaphore } from '../async/semaphore.js'
import type { Fault } from '../process/fault-injection.js'
import { type ServerModel, type ServerSettings, sharedSettings } from '../process/job.js'
import type { RoleProcess } from '../process/role-process.js'
import { ClientRegistry } from '../rounds/client-registry.js'
import { TaskDispatcher } from '../rounds/task-dispatcher.js'
import { assertCheckpointWritable } from '../tensors/checkpoint.js'
import type { GlobalState } from '../tensors/global-state.js'
import { WIRE_TYPES } from '../tensors/half-precision.js'
import { weightsBytes } from '../tensors/weights.js'
import { type ListeningServer, listen } from '../transport/http-server.js'
import { readTls } from '../transport/tls.js'
import { makeToken, readToken } from '../transport/token.js'
import { Metrics } from './metrics.js'
import { makeJobName, openStorage, readResumedCheckpoint } from './resume.js'
import { serverRoutes } from './routes.js'
import { runRounds } from './run-rounds.js'
import type { ServerJob } from './server-job.js'

/** How long the end of a job waits for connected clients to learn of it. */
const SHUTDOWN_GRACE_MS = 10_000

/**
 * Runs a server from its start to the end of the job: listens, waits for its clients, runs the
 * rounds, ends the clients. Returns the final state; a state in a file is already removed, and
 * still readable.
 */
export async function runServer(job: ServerJob, role: RoleProcess): Promise<GlobalState> {
  const { settings } = job
  await assertSettings(job)
  const model = await job.loadModel()
  const modelBytes = weightsBytes(model.initial.specs)
  role.engine.prepareForWeights(modelBytes)
  const { storage, earlier, openLedger } = await openStorage(settings, role)
  const changes = new Condition()
  const members: ClientRegistry = new ClientRegistry({
    clients: settings.clients,
    reconnectMs: settings.reconnectMs,
    changes,
    onLost: (name, reason) => {
      role.log(`lost ${name}: ${reason}`, { lost: name })
      desk.fail(name, reason)
    },
  })
  const desk = new TaskDispatcher(members, changes)
  const fault = await faultOf(modelBytes, settings.rounds)
  let server: ListeningServer | undefined
  let isDone = false
  try {
    const resumed =
      earlier === undefined
        ? await readResumedCheckpoint(settings, {
            algorithm: job.algorithm.name,
            specs: stateSpecs(job.algorithm, model.initial.specs),
          })
        : undefined
    if (earlier !== undefined) members.restore(earlier.members, settings.joinDeadlineMs)
    const name = earlier?.job ?? makeJobName()
    const port = settings.port === 0 ? (earlier?.port ?? 0) : settings.port
    server = await openServer({ ...job, settings: { ...settings, port } }, model, { name, members, desk }, role)
    const ledger = openLedger(Number(new URL(server.url).port), name)
    members.onJoined = (sessions) => ledger?.note({ members: sessions })
    ledger?.note({ members: members.sessions })
    const isOver = resumed !== undefined && resumed.completedRounds >= settings.rounds
    if (isOver) await whoIsLeftJoined(settings, { members, changes }, role)
    else await everyoneJoined(settings, { members, changes, url: server.url }, role)
    const final = await runRounds({ ...job, model, storage, resumed, ledger, members, desk, changes, fault }, role)
    desk.finish({ task: 'done' })
    await desk.everyoneInformed('present', SHUTDOWN_GRACE_MS)
    isDone = true
    return final
  } catch (caught) {
    const error = storage.explain(caught)
    desk.finish({ task: 'failed', message: messageOf(error) })
    // A user who stops the server by a signal may have stopped its clients too, and those do not
    // come back.
    await desk.everyoneInformed(role.signal.aborted ? 'reachable' : 'present', SHUTDOWN_GRACE_MS)
    // A job that stops early must still run the cleanup due after its rounds.
    if (settings.serverMemoryGcRounds > 0) await cleanupMemory()
    throw error
  } finally {
    members.close()
    await server?.close()
    await storage.close(!isDone)
  }
}

/** Loads the code of a deliberate fault only when a test asks for one. */
async function faultOf(modelBytes: number, rounds: number): Promise<Fault | undefined> {
  const asked = process.env.TIDEMARK_FAULT
  return asked === undefined
    ? undefined
    : (await import('../process/fault-injection.js')).makeFault(asked, { modelBytes, rounds })
}

async function assertSettings({ settings, algorithm }: ServerJob): Promise<void> {
  ownOptions(algorithm, settings.algorithmOptions)
  algorithm.check?.(settings)
  if (settings.clients > settings.maxClients)
    throw new UsageError(
      `--clients is ${settings.clients}, and a job on this server may have ${count(settings.maxClients, 'client')}`,
      { fix: `Raise --max-clients to ${settings.clients}, or lower --clients.` },
    )
  assertQuorum(settings)
  if (settings.debug && settings.wireDtype !== 'float32')
    throw new UsageError(`--debug checks sums that --wire-dtype ${settings.wireDtype} rounds on their way`, {
      fix: 'Leave out one of the two.',
    })
  if (settings.checkpoint !== undefined) await assertCheckpointWritable(settings.checkpoint)
}

async function openServer(
  { settings, algorithm }: ServerJob,
  model: ServerModel,
  { name, members, desk }: { name: string; members: ClientRegistry; desk: TaskDispatcher },
  role: RoleProcess,
): Promise<ListeningServer> {
  const { specs } = model.initial
  const specsOfState = stateSpecs(algorithm, specs)
  const given = readToken(settings.tokenFile)
  const token = given ?? makeToken()
  if (given === undefined && !isLoopback(settings.host))
    throw new UsageError(`--host ${settings.host} is open to the network, and no join token was given`, {
      fix: 'Set TIDEMARK_TOKEN or give --token-file, for example with a token from: openssl rand -hex 16',
    })
  const tls = readTls(settings)
  if (tls !== undefined && tls.cert === undefined)
    throw new UsageError('a server with --tls-ca needs a certificate of its own', {
      fix: 'Give --tls-cert and --tls-key too.',
    })
  if (tls === undefined && !isLoopback(settings.host))
    role.log('warning: without --tls-cert the token and the weights cross the network in the clear')
  const metrics = new Metrics()
  const server = await listen({
    host: settings.host,
    port: settings.port,
    token,
    tls,
    // Each client has one connection, and a second one while it reconnects. The rest is for people
    // who look at the status.
    maxConnections: settings.maxConnections === 0 ? 2 * settings.clients + 16 : settings.maxConnections,
    isNeeded: (socket) => members.isKnownBy(socket),
    headersMs: settings.headersMs,
    onRefused: (code) => metrics.refuse(code),
    routes: serverRoutes({
      job: name,
      algorithm: algorithm.name,
      rounds: settings.rounds,
      settings: sharedSettings({ ...settings, algorithm: algorithm.name }),
      limits: { idleMs: settings.idleMs, minRate: settings.minRate },
      uploads: new Semaphore(settings.maxUploads),
      metrics,
      certified: tls?.ca !== undefined,
      narrow: WIRE_TYPES[settings.wireDtype],
      specs: specsOfState,
      members,
      desk,
      log: role.log,
    }),
    log: role.log,
  })
  role.mark({ mark: 'ready', url: server.url, modelBytes: weightsBytes(specs) })
  role.log(
    `${algorithm.name}, ${formatBytes(weightsBytes(specs))} of weights in ${specs.length} tensors, on ${server.url}`,
  )
  role.log(`start each client with: tidemark client --server ${server.url} --name NAME`)
  if (given === undefined) role.log(`and the join token, which was made up for this job: TIDEMARK_TOKEN=${token}`)
  return server
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

/** Ends the clients that still ask a server whose job had ended when it was stopped. */
async function whoIsLeftJoined(
  { joinDeadlineMs }: ServerSettings,
  { members, changes }: { members: ClientRegistry; changes: Condition },
  role: RoleProcess,
): Promise<void> {
  role.log('every round was committed before; waits for clients that have not heard of it')
  const deadlineMs = Math.min(joinDeadlineMs, SHUTDOWN_GRACE_MS)
  await changes.waitFor(() => members.isComplete || undefined, { deadlineMs, signal: role.signal })
}

async function everyoneJoined(
  settings: ServerSettings,
  { members, changes, url }: { members: ClientRegistry; changes: Condition; url: string },
  role: RoleProcess,
): Promise<void> {
  const { clients, joinDeadlineMs } = settings
  const complete = await changes.waitFor(() => members.isComplete || undefined, {
    deadlineMs: joinDeadlineMs,
    signal: role.signal,
  })
  if (complete === undefined)
    throw new TidemarkError(
      `${members.names.length} of ${count(clients, 'client')} joined within ${formatDuration(joinDeadlineMs)} (${members.names.join(', ') || 'none'}), and ${clients - members.names.length} more ${clients - members.names.length === 1 ? 'was' : 'were'} waited for`,
      { fix: `Start the others with: tidemark client --server ${url} --name NAME, or raise --join-deadline.` },
    )
  role.log(`${members.names.join(', ')} joined`)
}
