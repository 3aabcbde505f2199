import { messageOf, TidemarkError, UsageError } from '../../../shared/errors.js'
import { formatBytes, formatDuration } from '../../../shared/units.js'
import { anySignal } from '../../async/any-signal.js'
import { Condition, MAX_TIMER_MS } from '../../async/condition.js'
import { isEvaluated } from '../../process/evaluation.js'
import type { LocalTrainer } from '../../process/job.js'
import { nowMs, type RoleProcess } from '../../process/role-process.js'
import { startNextPeak } from '../../process/round-memory.js'
import { type Weights, weightsBytes } from '../../tensors/weights.js'
import { listen } from '../../transport/http-server.js'
import { CLIENT_NAME } from '../../transport/messages.js'
import { readToken } from '../../transport/token.js'
import { WeightStore } from '../consensus/weight-store.js'
import { CoordinatorConnection, type Joined } from '../coordinator/coordinator-connection.js'
import { drawTrainers, type PeerJob, type PeerSettings, type SwarmModel, trainingJob } from '../swarm-job.js'
import { Heartbeat } from './heartbeat.js'
import { PeerMemory } from './memory.js'
import { PeerClient } from './peer-client.js'
import { type PeerNode, peerRoutes } from './routes.js'
import { PeerRuntime } from './runtime.js'
import { PeerSpool } from './spool.js'

/**
 * A safe upper limit: each peer has a few connections to another one, and the token excludes
 * others.
 */
const MAX_CONNECTIONS = 4096

/**
 * Runs a peer of a swarm from its start to the end of the job: trains in every round for which it
 * was drawn, and aggregates in its turn. Returns the final weights.
 */
export async function runPeer(job: PeerJob, role: RoleProcess): Promise<Weights> {
  const token = assertSettings(job.settings)
  const failure = new AbortController()
  using either = anySignal([role.signal, failure.signal])
  const { signal } = either
  const peerContext: PeerContext = {
    job,
    role,
    token,
    signal,
    changes: new Condition(),
    fail: (error) => failure.abort(error),
  }
  const routeContext: { node: PeerNode | undefined } = { node: undefined }
  const { host, port } = job.settings
  const routes = peerRoutes(() => routeContext.node)
  const server = await listen({ host, port, token, maxConnections: MAX_CONNECTIONS, routes, log: role.log })
  const link = new CoordinatorConnection({
    ...job.settings,
    coordinator: job.settings.coordinator!,
    token,
    // A failure of the job does not abort it, since the coordinator has to learn of that failure.
    signal: role.signal,
    log: role.log,
  })
  try {
    const joined = await link.join(server.url)
    return await takePart(peerContext, { joined, link, url: server.url, routeContext })
  } catch (error) {
    // Report the first cause, not what failed because of it.
    const reason = signal.aborted ? signal.reason : error
    if (failure.signal.aborted && !role.signal.aborted) await link.fail(messageOf(reason)).catch(() => {})
    throw reason
  } finally {
    link.close()
    await server.close()
  }
}

/** What all parts of a running peer share. */
interface PeerContext {
  job: PeerJob
  role: RoleProcess
  token: string
  /** Aborted when the process ends or the job cannot continue. */
  signal: AbortSignal
  changes: Condition
  fail: (error: Error) => void
}

function assertSettings({ coordinator, name, tokenFile }: PeerSettings): string {
  if (coordinator === undefined)
    throw new UsageError('a peer needs the address of its coordinator', {
      fix: 'Give --coordinator as the coordinator prints it, for example --coordinator http://127.0.0.1:8080.',
    })
  if (!CLIENT_NAME.test(name))
    throw new UsageError(`"${name}" cannot be the name of a peer`, {
      fix: 'Use up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit.',
    })
  const token = readToken(tokenFile)
  if (token === undefined)
    throw new UsageError('a peer needs the join token of its swarm', {
      fix: 'Set TIDEMARK_TOKEN to what the coordinator prints, or give --token-file.',
    })
  return token
}

interface JoinContext {
  joined: Joined
  link: CoordinatorConnection
  url: string
  routeContext: { node: PeerNode | undefined }
}

async function takePart(peerContext: PeerContext, { joined, link, url, routeContext }: JoinContext): Promise<Weights> {
  const { job, role, changes, signal } = peerContext
  const { settings } = joined
  const self = job.settings.name
  const { isReturning } = joined
  await using heartbeat = new Heartbeat({
    link,
    settings,
    isReturning,
    changes,
    signal,
    fail: peerContext.fail,
    log: role.log,
  })
  await heartbeat.hasBegun()
  const peers = heartbeat.names
  const model = await job.loadModel(settings)
  const { aggregation, spoolDir } = job.settings
  const kept = new WeightStore(model.initial, aggregation === 'spooled' ? 2 : Math.max(2, peers.length))
  const { specs } = model.initial
  peerContext.role.engine.prepareForWeights(weightsBytes(specs))
  const calls = new PeerClient({
    self,
    job: joined.job,
    token: peerContext.token,
    idleMs: settings.idleMs,
    specs,
    addressOf: (name) => heartbeat.addressOf(name),
  })
  const spool = aggregation === 'spooled' ? await PeerSpool.open(spoolDir, role.log) : undefined
  const driver = new PeerRuntime({
    rules: { self, peers, rotation: settings.rotation, seed: settings.seed },
    isReturning,
    settings,
    calls,
    kept,
    spool,
    changes,
    trainersOf: job.sample ?? ((round) => drawTrainers(settings, peers, round)),
    role,
    onFailure: peerContext.fail,
  })
  routeContext.node = {
    job: joined.job,
    self,
    peers,
    idleMs: settings.idleMs,
    driver,
    kept,
    lookAround: () => heartbeat.now(),
  }
  heartbeat.watch(driver)
  try {
    const trainer = await job.makeTrainer(trainingJob(settings), { index: peers.indexOf(self), clients: peers.length })
    role.mark({ mark: 'ready', url, modelBytes: weightsBytes(specs) })
    role.log(`${isReturning ? 'is back in' : 'joined'} the swarm of ${peers.join(', ')}`)
    // From here on only the peer's weight store holds the model.
    model.initial = { specs, data: [] }
    await runRounds(peerContext, { settings, driver, kept, trainer, model })
    await heartbeat.jobIsOver()
    return kept.global
  } finally {
    driver.close()
    spool?.close()
  }
}

interface Work {
  settings: Joined['settings']
  driver: PeerRuntime
  kept: WeightStore
  trainer: LocalTrainer
  model: SwarmModel
}

async function runRounds(peerContext: PeerContext, work: Work): Promise<void> {
  const { changes, signal, role, job } = peerContext
  const { driver, kept, settings } = work
  const memory = new PeerMemory(job.settings.memoryGcRounds, role.exactPeaks, () => kept.spares.drop())
  startNextPeak(role.exactPeaks)
  for (;;) {
    // A returning peer has no round until it has caught up.
    const isThere = () => (driver.state.stage.name === 'between' ? driver.state.round : undefined)
    const round = await changes.waitFor(isThere, { deadlineMs: MAX_TIMER_MS, signal })
    if (round === undefined || round > settings.rounds) return
    await runRound(peerContext, work, { round, memory })
  }
}

async function runRound(
  peerContext: PeerContext,
  work: Work,
  { round, memory }: { round: number; memory: PeerMemory },
): Promise<void> {
  const { changes, signal, role, job } = peerContext
  const { driver } = work
  const startedMs = nowMs()
  role.mark({ mark: 'round-start', round, attempt: driver.state.attempt })
  const trainers = job.sample?.(round) ?? drawTrainers(work.settings, driver.state.rules.peers, round)
  const isTrainer = trainers.includes(job.settings.name)
  driver.hear({ type: 'begin' })
  const over = new AbortController()
  using until = anySignal([signal, over.signal])
  const learning = isTrainer
    ? learn(work, { round, memory }, until.signal).catch((error: unknown) => {
        if (!over.signal.aborted && !signal.aborted)
          peerContext.fail(
            new TidemarkError(`training of round ${round} failed: ${messageOf(error)}`, { cause: error }),
          )
      })
    : Promise.resolve()
  try {
    await changes.waitFor(() => driver.state.round > round || undefined, { deadlineMs: MAX_TIMER_MS, signal })
  } finally {
    over.abort()
    await learning
  }
  await endRound(peerContext, work, { round, startedMs, isTrainer, memory })
}

/** Trains on a copy. The round's weights stay for peers that catch up or begin the round again. */
async function learn(
  { kept, trainer, driver }: Work,
  { round, memory }: { round: number; memory: PeerMemory },
  signal: AbortSignal,
): Promise<void> {
  const { weights, numExamples, steps } = await trainer.train(kept.copyGlobal(), round, { signal })
  const own = { round, weights, numExamples, steps }
  kept.keepOwn(own)
  await driver.bringResult(own, () => memory.afterLearning(), signal)
}

async function endRound(
  { role, job }: PeerContext,
  { driver, kept, model, settings }: Work,
  { round, startedMs, isTrainer, memory }: { round: number; startedMs: number; isTrainer: boolean; memory: PeerMemory },
): Promise<void> {
  const end = driver.lastEnd
  const hasMerged = end?.aggregator === job.settings.name
  if (hasMerged) await driver.spreadOut()
  const measured = await memory.endRound({ hasLearnt: isTrainer, hasMerged })
  // One evaluation a round suffices. It runs between two rounds, so its memory is in no round's
  // peak.
  const accuracy = hasMerged && isEvaluated(end.round, settings) ? model.accuracy?.(kept.global) : undefined
  startNextPeak(role.exactPeaks)
  role.mark({
    mark: 'round',
    round: end?.round ?? round,
    attempt: end?.attempt ?? 0,
    startedMs,
    ...measured,
    ...(end === undefined ? {} : { aggregator: end.aggregator, digest: end.digest }),
    ...(end?.accepted === undefined ? {} : { accepted: end.accepted }),
    ...(accuracy === undefined ? {} : { accuracy }),
  })
  const facts = [
    end === undefined
      ? 'caught up'
      : hasMerged
        ? `added up ${end.accepted?.length ?? 'confirmed'} results`
        : `added up by ${end.aggregator}`,
    formatDuration(nowMs() - startedMs),
    ...(accuracy === undefined ? [] : [`accuracy ${accuracy.toFixed(3)}`]),
    `RSS ${formatBytes(measured.end.rssBytes)}`,
  ]
  role.log(`round ${end?.round ?? round} of ${settings.rounds}: ${facts.join(', ')}`)
}
