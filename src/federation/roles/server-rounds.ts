import { TidemarkError } from '../../errors.js'
import { formatBytes, formatDuration } from '../../units.js'
import { RoundFailedError } from '../rounds/collection.js'
import type { Desk } from '../rounds/desk.js'
import { exchange, type RoundCommit } from '../rounds/exchange.js'
import type { Members } from '../rounds/members.js'
import { sampleClients, sampleSize } from '../rounds/sample.js'
import type { Storage } from '../rounds/storage.js'
import { writeCheckpoint } from '../weights/checkpoint.js'
import type { GlobalState } from '../weights/global-state.js'
import type { Changes } from '../wire/changes.js'
import type { ServerModel } from './job.js'
import { nowMs, type RoleProcess } from './role-process.js'
import { measureRoundEnd, startNextPeak } from './round-memory.js'
import type { ServerJob } from './server.js'

export interface RunningJob extends ServerJob {
  model: ServerModel
  storage: Storage
  members: Members
  desk: Desk
  changes: Changes
}

/**
 * The rounds of a job: sample, send, collect, aggregate, commit, persist, clean up. New weights become visible at the
 * commit, all at once; a round that fails leaves everything as it was and is tried again.
 */
export async function runRounds(job: RunningJob, role: RoleProcess): Promise<GlobalState> {
  let state = await job.storage.begin(job.model.initial)
  // From here on the loop alone holds the weights: an old set is free as soon as the next one is committed.
  job.model.initial = { specs: state.specs, data: [] }
  startNextPeak(role.exactPeaks)
  for (let round = 1; round <= job.settings.rounds; round++) {
    const startedMs = nowMs()
    const { commit, attempt } = await runAttempts(job, { round, state }, role)
    state = commit.state
    await job.storage.commit(state)
    await persist(job, state, round)
    await endRound(job, { round, attempt, startedMs, state, commit }, role)
  }
  return state
}

async function runAttempts(
  job: RunningJob,
  { round, state }: { round: number; state: GlobalState },
  role: RoleProcess,
): Promise<{ commit: RoundCommit; attempt: number }> {
  const { roundAttempts } = job.settings
  for (let attempt = 0; ; attempt++) {
    await enoughPresent(job, round, role)
    role.mark({ mark: 'round-start', round, attempt })
    try {
      return { commit: await runAttempt(job, { round, attempt, state }, role), attempt }
    } catch (error) {
      if (!(error instanceof RoundFailedError)) throw error
      await job.storage.abandon(state)
      role.mark({ mark: 'round-failed', round, attempt, reason: error.message })
      role.log(`${error.message} (attempt ${attempt + 1} of ${roundAttempts})`)
      if (attempt + 1 >= roundAttempts)
        throw new TidemarkError(`the job ended in round ${round} after ${roundAttempts} attempts: ${error.message}`, {
          ...(error.fix === undefined ? {} : { fix: error.fix }),
          cause: error,
        })
    }
  }
}

function runAttempt(
  job: RunningJob,
  { round, attempt, state }: { round: number; attempt: number; state: GlobalState },
  role: RoleProcess,
): Promise<RoundCommit> {
  const { settings, members, desk, storage } = job
  const metadata = metadataOf(job, round)
  return job.algorithm.run({
    round,
    attempt,
    settings,
    state,
    sample: () =>
      sampleClients(members.present, sampleSize(settings.sample, settings.clients), {
        seed: settings.seed,
        round,
        attempt,
      }),
    exchange: (request) =>
      exchange(request, { round, attempt, settings, desk, storage, metadata, signal: role.signal }),
  })
}

/** With fewer clients connected than the quorum a round does not start. */
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
    `round ${round} needs ${minClients} clients, and ${members.present.length} were connected for ${formatDuration(joinDeadlineMs)}; ${missing.join(', ')} did not come back`,
    { fix: 'Start them again under the same names, or lower --min-clients.' },
  )
}

async function persist(job: RunningJob, state: GlobalState, round: number): Promise<void> {
  const { checkpoint } = job.settings
  if (checkpoint !== undefined) await writeCheckpoint(checkpoint, state, metadataOf(job, round))
}

/** What a state says of itself in a file. */
function metadataOf({ algorithm }: RunningJob, round: number): Record<string, string> {
  return { algorithm: algorithm.name, round: String(round) }
}

/**
 * Measures the round, then evaluates the new weights. In this order, so that the memory of the evaluation shows neither in
 * this round's peak nor, since the peak is reset after it, in the next one's.
 */
async function endRound(
  job: RunningJob,
  from: {
    round: number
    attempt: number
    startedMs: number
    state: GlobalState
    commit: Pick<RoundCommit, 'accepted'>
  },
  role: RoleProcess,
): Promise<void> {
  const { round, attempt, startedMs, state } = from
  const memory = await measureRoundEnd({
    exactPeaks: role.exactPeaks,
    gcRounds: job.settings.serverMemoryGcRounds,
    completedRounds: round,
  })
  const accuracy = job.model.accuracy?.(await state.load())
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
  role.log(`round ${round} of ${job.settings.rounds}: ${facts.join(', ')}`)
}
