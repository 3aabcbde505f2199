import { randomBytes } from 'node:crypto'
import { TidemarkError, UsageError } from '../../errors.js'
import { cleanupMemory, splitRssByGiveBack } from '../../memory/index.js'
import { formatBytes, formatDuration } from '../../units.js'
import type { Algorithm } from '../algorithms/algorithm.js'
import { stateSpecs } from '../algorithms/state.js'
import { Desk } from '../rounds/desk.js'
import { Members } from '../rounds/members.js'
import { sampleSize } from '../rounds/sample.js'
import { SpoolFolder } from '../rounds/spool-folder.js'
import { SpoolStorage } from '../rounds/spool-storage.js'
import { memoryStorage, type Storage } from '../rounds/storage.js'
import { assertCheckpointWritable } from '../weights/checkpoint.js'
import type { GlobalState } from '../weights/global-state.js'
import { weightsBytes } from '../weights/weights.js'
import { Changes } from '../wire/changes.js'
import { type ListeningServer, listen } from '../wire/http-server.js'
import { makeToken, readToken } from '../wire/token.js'
import { type ServerModel, type ServerSettings, sharedSettings } from './job.js'
import type { RoleProcess } from './role-process.js'
import { runRounds } from './server-rounds.js'
import { serverRoutes } from './server-routes.js'

export interface ServerJob {
  settings: ServerSettings
  algorithm: Algorithm
  /** Called once the process has measured itself without it. */
  loadModel: () => Promise<ServerModel>
}

/** How long the end of a job waits for clients that are there to hear of it. */
const FAREWELL_MS = 10_000

/** The recorder sets this where the job's end is to be taken apart by give-back; it costs two collections. */
const ATTRIBUTION_VARIABLE = 'TIDEMARK_ATTRIBUTION'

/**
 * A federated-learning server, from its start to the end of the job: listens, waits for its clients, runs the rounds, tells
 * the clients that it is over. Returns the final state; where it lies in a file, that is gone, and still readable.
 */
export async function runServer(job: ServerJob, role: RoleProcess): Promise<GlobalState> {
  const { settings } = job
  await assertSettings(job)
  const model = await job.loadModel()
  const storage = await openStorage(settings, role)
  const changes = new Changes()
  const members: Members = new Members({
    clients: settings.clients,
    reconnectMs: settings.reconnectMs,
    changes,
    onLost: (name, reason) => {
      role.log(`lost ${name}: ${reason}`)
      desk.fail(name, reason)
    },
  })
  const desk = new Desk(members, changes)
  let server: ListeningServer | undefined
  try {
    server = await openServer(job, model, { members, desk }, role)
    await everyoneJoined(settings, { members, changes, url: server.url }, role)
    const final = await runRounds({ ...job, model, storage, members, desk, changes }, role)
    desk.finish({ task: 'done' })
    await desk.everyoneTold(FAREWELL_MS)
    return final
  } catch (error) {
    desk.finish({ task: 'failed', message: error instanceof Error ? error.message : String(error) })
    await desk.everyoneTold(FAREWELL_MS)
    // A job that stops early must not skip what it was asked to do at the end of its rounds.
    if (settings.serverMemoryGcRounds > 0) await cleanupMemory()
    throw error
  } finally {
    members.close()
    await server?.close()
    await storage.close()
  }
}

async function openStorage({ aggregation, spoolDir }: ServerSettings, role: RoleProcess): Promise<Storage> {
  if (aggregation === 'buffered') return memoryStorage
  const folder = SpoolFolder.open(spoolDir)
  const warning = await folder.warning()
  if (warning !== undefined) role.log(`warning: ${warning}`)
  return new SpoolStorage(folder)
}

/** Splits the server's RSS by give-back. At the job's end and only then, since it collects and purges. */
export async function probeAttribution(role: RoleProcess): Promise<void> {
  if (process.env[ATTRIBUTION_VARIABLE] !== '1') return
  const parts = await splitRssByGiveBack()
  if (parts === null) role.log('no attribution: this allocator cannot be told to purge, or the engine to collect')
  else role.mark({ mark: 'attribution', ...parts })
}

async function assertSettings({ settings, algorithm }: ServerJob): Promise<void> {
  algorithm.check?.(settings)
  const sampled = sampleSize(settings.sample, settings.clients)
  if (settings.minClients > sampled)
    throw new UsageError(
      `--min-clients is ${settings.minClients}, and a round draws ${sampled} of ${settings.clients} clients`,
      {
        fix: `Give --min-clients ${sampled} or less, or raise --clients or --sample.`,
      },
    )
  if (settings.checkpoint !== undefined) await assertCheckpointWritable(settings.checkpoint)
}

async function openServer(
  { settings, algorithm }: ServerJob,
  model: ServerModel,
  { members, desk }: { members: Members; desk: Desk },
  role: RoleProcess,
): Promise<ListeningServer> {
  const { specs } = model.initial
  const specsOfState = stateSpecs(algorithm, specs)
  const given = readToken(settings.tokenFile)
  const token = given ?? makeToken()
  const server = await listen({
    host: settings.host,
    port: settings.port,
    token,
    // Each client has one connection, and a second one while it comes back; the rest is for people who look at the status.
    maxConnections: 2 * settings.clients + 16,
    routes: serverRoutes({
      job: randomBytes(8).toString('hex'),
      algorithm: algorithm.name,
      rounds: settings.rounds,
      settings: sharedSettings(settings),
      idleMs: settings.idleMs,
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

async function everyoneJoined(
  settings: ServerSettings,
  { members, changes, url }: { members: Members; changes: Changes; url: string },
  role: RoleProcess,
): Promise<void> {
  const { clients, joinDeadlineMs } = settings
  const complete = await changes.waitFor(() => members.isComplete || undefined, {
    deadlineMs: joinDeadlineMs,
    signal: role.signal,
  })
  if (complete === undefined)
    throw new TidemarkError(
      `${members.names.length} of ${clients} clients joined within ${formatDuration(joinDeadlineMs)} (${members.names.join(', ') || 'nobody'}), and ${clients - members.names.length} more ${clients - members.names.length === 1 ? 'was' : 'were'} waited for`,
      { fix: `Start the others with: tidemark client --server ${url} --name NAME, or raise --join-deadline.` },
    )
  role.log(`${members.names.join(', ')} joined`)
}
