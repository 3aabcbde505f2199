import { sampleSize } from '../../options/job-check.js'
import { TidemarkError } from '../../shared/errors.js'
import { count } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import type { Storage } from '../aggregation/storage.js'
import { ownOptions } from '../algorithms/all.js'
import { initialState } from '../algorithms/state.js'
import type { Condition } from '../async/condition.js'
import { failpoint } from '../failpoint.js'
import { Evaluation } from '../process/evaluation.js'
import type { Fault } from '../process/fault-injection.js'
import type { ServerModel } from '../process/job.js'
import { probeOnTheWay } from '../process/probe.js'
import { nowMs, type RoleProcess } from '../process/role-process.js'
import { measureRoundEnd, startNextPeak } from '../process/round-memory.js'
import type { ClientRegistry } from '../rounds/client-registry.js'
import { exchange, type RoundCommit } from '../rounds/exchange.js'
import { LastResults } from '../rounds/last-results.js'
import type { Ledger } from '../rounds/ledger.js'
import { RoundFailedError } from '../rounds/result-collector.js'
import { sampleClients } from '../rounds/sample.js'
import type { TaskDispatcher } from '../rounds/task-dispatcher.js'
import { writeCheckpoint } from '../tensors/checkpoint.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { ResumedCheckpoint } from './resume.js'
import type { ServerJob } from './server-job.js'

export interface RunningJob extends ServerJob {
  model: ServerModel
  storage: Storage
  /** What a checkpoint holds of the job that is resumed. */
  resumed: ResumedCheckpoint | undefined
  ledger: Ledger | undefined
  members: ClientRegistry
  desk: TaskDispatcher
  changes: Condition
  /** Set in tests only. */
  fault?: Fault | undefined
}

/**
 * Runs the rounds of a job: sample, send, collect, aggregate, commit, persist, clean up. New
 * weights become visible at the commit, all at once. A failed round leaves everything unchanged and
 * is tried again.
 */
export async function runRounds(job: RunningJob, role: RoleProcess): Promise<GlobalState> {
  const { storage, resumed, ledger } = job
  let state = await storage.begin(
    resumed?.source ?? initialState(job.algorithm, job.model.initial),
    resumed?.completedRounds ?? 0,
  )
  const contributions = new LastResults()
  const evaluation = new Evaluation(job)
  if (storage.completedRounds > 0)
    await completeInterruptedCommit(job, { round: storage.completedRounds, state, contributions }, role)
  // From here on only the loop holds the weights, so an old set is freed once the next one is
  // committed.
  job.model.initial = { specs: state.specs, data: [] }
  job.resumed = undefined
  startNextPeak(role.exactPeaks)
  for (let round = storage.completedRounds + 1; round <= job.settings.rounds; round++) {
    const startedMs = nowMs()
    const { commit, attempt } = await runAttempts(job, { round, state, contributions }, role)
    state = commit.state
    contributions.commit(commit.accepted)
    ledger?.noteResults(round, contributions.all)
    await storage.commit(state)
    if (job.settings.debug) await assertInvariant(job, { round, state, contributions })
    await persist(job, { round, state, contributions })
    job.desk.confirm(commit.accepted)
    failpoint('persisted')
    await endRound(job, { round, attempt, startedMs, state, commit, evaluation }, role)
  }
  return state
}

/** Completes the work after a commit that a stopped server may have missed. */
async function completeInterruptedCommit(
  job: RunningJob,
  { round, state, contributions }: RoundBegin,
  role: RoleProcess,
): Promise<void> {
  role.log(`continuing after round ${round}`)
  contributions.restore(job.resumed?.results ?? job.ledger?.resultsOf(round) ?? [])
  job.desk.confirm(contributions.all)
  await persist(job, { round, state, contributions })
}

interface RoundBegin {
  round: number
  state: GlobalState
  contributions: LastResults
}

async function runAttempts(
  job: RunningJob,
  begin: RoundBegin,
  role: RoleProcess,
): Promise<{ commit: RoundCommit; attempt: number }> {
  const { round } = begin
  const { roundAttempts } = job.settings
  for (let attempt = firstAttempt(job, round); ; attempt++) {
    await enoughPresent(job, round, role)
    noteAttempt(job, { round, attempt })
    role.mark({ mark: 'round-start', round, attempt })
    try {
      return { commit: await runAttempt(job, { ...begin, attempt }, role), attempt }
    } catch (error) {
      if (!(error instanceof RoundFailedError)) throw error
      await job.storage.abandon(begin.state)
      role.mark({ mark: 'round-failed', round, attempt, reason: error.message })
      role.log(`${error.message} (attempt ${attempt + 1} of ${roundAttempts})`, { round, attempt })
      if (attempt + 1 >= roundAttempts)
        throw new TidemarkError(`the job ended in round ${round} after ${roundAttempts} attempts: ${error.message}`, {
          ...(error.fix === undefined ? {} : { fix: error.fix }),
          cause: error,
        })
    }
  }
}

/** Resumes an interrupted round in the same attempt, with the same drawn clients. */
function firstAttempt({ ledger }: RunningJob, round: number): number {
  const noted = ledger?.entries.attempt
  return noted?.round === round ? noted.attempt : 0
}

function noteAttempt({ ledger, members }: RunningJob, { round, attempt }: { round: number; attempt: number }): void {
  const noted = ledger?.entries.attempt
  if (noted?.round !== round || noted.attempt !== attempt)
    ledger?.note({ attempt: { round, attempt, present: members.present } })
}

function runAttempt(
  job: RunningJob,
  { round, attempt, state, contributions }: RoundBegin & { attempt: number },
  role: RoleProcess,
): Promise<RoundCommit> {
  const { settings, members, desk, storage } = job
  const metadata = metadataOf(job, round)
  return job.algorithm.run({
    round,
    attempt,
    settings,
    own: ownOptions(job.algorithm, settings.algorithmOptions),
    state,
    examples: contributions.examples,
    clients: members.names,
    present: () => members.present,
    sample: () =>
      sampleClients(
        job.ledger?.entries.attempt?.present ?? members.present,
        sampleSize(settings.sample, settings.clients),
        {
          seed: settings.seed,
          round,
          attempt,
        },
      ),
    exchange: (request) =>
      exchange(request, { round, attempt, settings, desk, storage, metadata, signal: role.signal }),
  })
}

async function assertInvariant(
  { algorithm, settings }: RunningJob,
  { round, state, contributions }: RoundBegin,
): Promise<void> {
  const { kept: projections, examples } = contributions
  const broken = algorithm.brokenInvariant?.(await state.load(), { settings, projections, examples })
  if (broken === undefined) return
  throw new TidemarkError(`after round ${round} of ${algorithm.name}, ${broken}`, {
    fix: 'A client has lost or changed what it keeps between rounds; with --state-dir it outlives a restart.',
  })
}

/** Waits until at least the quorum of clients is connected; a round does not start with fewer. */
async function enoughPresent(
  { settings, members, changes }: RunningJob,
  round: number,
  role: RoleProcess,
): Promise<void> {
  const { minClients, joinDeadlineMs } = settings
  const isThere = await changes.waitFor(() => members.present.length >= minClients || undefined, {
    deadlineMs: joinDeadlineMs,
    signal: role.signal,
  })
  if (isThere) return
  const missing = members.names.filter((name) => !members.present.includes(name))
  throw new TidemarkError(
    `round ${round} needs ${count(minClients, 'client')}, and ${members.present.length} were connected for ${formatDuration(joinDeadlineMs)}; ${missing.join(', ')} did not come back`,
    { fix: 'Start them again under the same names, or lower --min-clients.' },
  )
}

/**
 * Stores the state and whose results it holds: after a restart, stateful clients must learn that
 * too.
 */
async function persist(job: RunningJob, { round, state, contributions }: RoundBegin): Promise<void> {
  const { checkpoint } = job.settings
  if (checkpoint === undefined) return
  const results = JSON.stringify(contributions.all)
  await writeCheckpoint(checkpoint, state, { ...metadataOf(job, round), results })
}

/** The metadata that a state file carries. */
function metadataOf({ algorithm }: RunningJob, round: number): Record<string, string> {
  return { algorithm: algorithm.name, round: String(round) }
}

/**
 * Measures the round, then evaluates the new weights. In this order the memory of the evaluation is
 * in no round's peak: the peak is reset after it.
 */
async function endRound(
  job: RunningJob,
  from: {
    round: number
    attempt: number
    startedMs: number
    state: GlobalState
    commit: Pick<RoundCommit, 'accepted'>
    evaluation: Evaluation
  },
  role: RoleProcess,
): Promise<void> {
  const { round, attempt, startedMs, state, evaluation } = from
  job.fault?.(round)
  const memory = await measureRoundEnd({
    exactPeaks: role.exactPeaks,
    gcRounds: job.settings.serverMemoryGcRounds,
    completedRounds: round,
  })
  const accuracy = await evaluation.of(round, state)
  const accepted = from.commit.accepted.map((claim) => claim.client)
  startNextPeak(role.exactPeaks)
  const measured = { round, attempt, startedMs, ...memory, accepted }
  role.mark({ mark: 'round', ...measured, ...(accuracy === undefined ? {} : { accuracy }) })
  const facts = [
    `${accepted.length} results`,
    formatDuration(nowMs() - startedMs),
    ...(accuracy === undefined ? [] : [`accuracy ${accuracy.toFixed(3)}`]),
    `RSS ${formatBytes(memory.end.rssBytes)}`,
    ...(memory.peakBytes === null ? [] : [`peak ${formatBytes(memory.peakBytes)}`]),
  ]
  role.log(`round ${round} of ${job.settings.rounds}: ${facts.join(', ')}`, {
    round,
    attempt,
    accepted,
    ms: Math.round(nowMs() - startedMs),
    rssBytes: memory.end.rssBytes,
    ...(memory.peakBytes === null ? {} : { peakBytes: memory.peakBytes }),
    ...(accuracy === undefined ? {} : { accuracy }),
  })
  if (await probeOnTheWay(role, round)) startNextPeak(role.exactPeaks)
}
