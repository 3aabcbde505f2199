import type { memoryOptions } from '../../options/federation.js'
import type { networkOptions, tlsOptions } from '../../options/network.js'
import type { clientOptions } from '../../options/roles.js'
import type { OptionValues } from '../../options/types/spec.js'
import { messageOf, TargetError, TidemarkError, UsageError } from '../../shared/errors.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import type { JobSettings, LocalTrainer, MakeTrainer } from '../process/job.js'
import { nowMs, type RoleProcess } from '../process/role-process.js'
import { measureRoundEnd, startNextPeak } from '../process/round-memory.js'
import { project } from '../tensors/projection.js'
import type { Weights } from '../tensors/weights.js'
import { CLIENT_NAME, type Place, type ResultClaim } from '../transport/messages.js'
import { readToken } from '../transport/token.js'
import { ClientState } from './client-state.js'
import { type ClientTask, type ResultAnswer, ServerConnection } from './server-connection.js'

export type ClientSettings = OptionValues<typeof clientOptions> &
  OptionValues<typeof tlsOptions> &
  Pick<OptionValues<typeof networkOptions>, 'tokenFile' | 'maxModelSize' | 'idleMs'> &
  Pick<OptionValues<typeof memoryOptions>, 'clientMemoryGcRounds'>

type TrainTask = Extract<ClientTask, { weights: Weights }>

interface DoneRound {
  round: number
  attempt: number
  startedMs: number
  answer: ResultAnswer
}

/**
 * Runs a client until the server ends the job: asks for a task, trains, sends the result. After a
 * confirmed result it keeps only what the algorithm has it keep, and memory for the next round.
 */
export async function runClient(settings: ClientSettings, makeTrainer: MakeTrainer, role: RoleProcess): Promise<void> {
  const link = new ServerConnection({
    ...assertSettings(settings),
    signal: role.signal,
    onWeights: (modelBytes) => role.engine.prepareForWeights(modelBytes),
    log: role.log,
  })
  const work: Work = {
    link,
    trainers: trainerOfJob(makeTrainer),
    kept: await ClientState.open(settings.name, settings.stateDir),
    mayReuse: settings.clientMemoryGcRounds === 0,
    spare: undefined,
  }
  try {
    await link.join()
    role.mark({ mark: 'ready' })
    role.log(`joined the job at ${settings.server}`)
    startNextPeak(role.exactPeaks)
    for (let completedRounds = 0; ; ) {
      const step = await takeStep(work, role)
      if (step === 'done') return
      if (step === 'wait') continue
      completedRounds++
      await endRound(settings, { ...step, completedRounds }, role)
    }
  } finally {
    link.close()
  }
}

function assertSettings(settings: ClientSettings): ClientSettings & { server: string; token: string } {
  const { server, name, tokenFile } = settings
  if (server === undefined)
    throw new UsageError('a client needs the address of its server', {
      fix: 'Give --server as the server prints it, for example --server http://127.0.0.1:8080.',
    })
  if (!CLIENT_NAME.test(name))
    throw new UsageError(`"${name}" cannot be the name of a client`, {
      fix: 'Use up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit.',
    })
  const token = readToken(tokenFile)
  if (token === undefined)
    throw new UsageError('a client needs the join token of its server', {
      fix: 'Set TIDEMARK_TOKEN to what the server prints, or give --token-file.',
    })
  return { ...settings, server, token }
}

interface Trainers {
  get(job: JobSettings, place: Place): Promise<LocalTrainer>
}

/**
 * Makes the trainer once, when the first task says which share of the data is this client's; it
 * holds that data.
 */
function trainerOfJob(makeTrainer: MakeTrainer): Trainers {
  let made: { job: JobSettings; trainer: LocalTrainer } | undefined
  return {
    get: async (job, place) => {
      if (made?.job !== job) made = { job, trainer: await makeTrainer(job, place) }
      return made.trainer
    },
  }
}

interface Work {
  link: ServerConnection
  trainers: Trainers
  kept: ClientState
  /** The client may reuse memory because it runs no cleanup. */
  readonly mayReuse: boolean
  /**
   * Weights of the round before. The next round reuses their memory, because fresh pages cost more
   * than all other work on them.
   */
  spare: Weights | undefined
}

/**
 * Asks for a task and does it. When it returns, only {@link Work.spare} still refers to the round's
 * weights.
 */
async function takeStep(work: Work, role: RoleProcess): Promise<DoneRound | 'wait' | 'done'> {
  const { link, trainers, kept } = work
  const startedMs = nowMs()
  const task = await link.nextTask(work.spare)
  if (task.head.task === 'wait') return 'wait'
  await kept.settle(task.head.confirmed)
  if (task.head.task === 'done') return 'done'
  if (task.head.task === 'failed') throw new TargetError(`the server ended the job: ${task.head.message}`)
  if (!('weights' in task)) return 'wait'
  const { round, attempt } = task.head
  role.mark({ mark: 'round-start', round, attempt })
  const answer = await takePart(work, await trainers.get(link.settings, task.head.place), task, role.signal)
  return { round, attempt, startedMs, answer }
}

/** Trains and sends the result. The trainer owns the received weights and may overwrite them. */
async function takePart(
  work: Work,
  trainer: LocalTrainer,
  { head, weights }: TrainTask,
  signal: AbortSignal,
): Promise<ResultAnswer> {
  const { link, kept } = work
  const { round, attempt } = head
  work.spare = undefined
  if (trainer.isStateful) kept.assertNothingLost(head.confirmed)
  const trained = await trainer.train(weights, round, { kept: kept.kept, signal }).catch(async (error: unknown) => {
    if (signal.aborted) throw signal.reason
    await link.sendFailure({ round, attempt }, `its training failed: ${messageOf(error)}`)
    throw new TidemarkError(`training of round ${round} failed: ${messageOf(error)}`, { cause: error })
  })
  const { numExamples, steps, keep } = trained
  if (keep !== undefined) await kept.setPending({ round, attempt, weights: keep })
  const looks = keep !== undefined && link.settings.debug ? { kept: looksAt(kept.kept, keep) } : {}
  const answer = await link.sendResult({ round, attempt, numExamples, steps, ...looks }, trained.weights)
  // Bytes of a result that was refused during its upload may still be in transit.
  if (work.mayReuse && trainer.reusesInput && answer.result === 'accepted') work.spare = trained.weights
  // Training the same weights again would give the same result, so tell the server not to wait.
  if (answer.result === 'rejected') await link.sendFailure({ round, attempt }, answer.message)
  return answer
}

function looksAt(before: Weights | undefined, after: Weights): NonNullable<ResultClaim['kept']> {
  return { before: before === undefined ? { sum: 0, scale: 0 } : project(before), after: project(after) }
}

async function endRound(
  settings: ClientSettings,
  from: DoneRound & { completedRounds: number },
  role: RoleProcess,
): Promise<void> {
  const { round, attempt, startedMs, answer, completedRounds } = from
  const memory = await measureRoundEnd({
    exactPeaks: role.exactPeaks,
    gcRounds: settings.clientMemoryGcRounds,
    completedRounds,
  })
  startNextPeak(role.exactPeaks)
  role.mark({ mark: 'round', round, attempt, startedMs, ...memory })
  const said = answer.message === '' ? answer.result : `${answer.result}, ${answer.message}`
  role.log(`round ${round}: ${said}, ${formatDuration(nowMs() - startedMs)}, RSS ${formatBytes(memory.end.rssBytes)}`, {
    round,
    attempt,
    result: answer.result,
    ms: Math.round(nowMs() - startedMs),
    rssBytes: memory.end.rssBytes,
  })
}
