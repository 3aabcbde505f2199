import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { UsageError } from '../../shared/errors.js'
import { SpoolFolder } from '../aggregation/spool-folder.js'
import { SpoolStorage, STATE } from '../aggregation/spool-storage.js'
import { memoryStorage, type Storage } from '../aggregation/storage.js'
import { type ServerSettings, sharedSettings } from '../process/job.js'
import type { RoleProcess } from '../process/role-process.js'
import { Ledger, type LedgerEntries, readLedger } from '../rounds/ledger.js'
import { readCheckpoint } from '../tensors/checkpoint.js'
import type { WeightsSource } from '../tensors/global-state.js'
import { SafetensorsFile } from '../tensors/safetensors/safetensors-file.js'
import { tensorSchemaDifference } from '../tensors/tensor-schema.js'
import type { TensorSpec } from '../tensors/weights.js'
import type { ResultClaim } from '../transport/messages.js'

/** Where a job keeps its state, and what is known of it from before a restart. */
export interface JobStorage {
  storage: Storage
  /** The job that is resumed; absent for a new one. */
  earlier: LedgerEntries | undefined
  /** Undefined where no state outlives the process. */
  openLedger(port: number, job: string): Ledger | undefined
}

/**
 * Opens the storage of a job. Throws UsageError where `--resume` finds no job, or a different one.
 */
export async function openStorage(settings: ServerSettings, role: RoleProcess): Promise<JobStorage> {
  const { aggregation, spoolDir, checkpoint, resume } = settings
  if (resume && checkpoint === undefined && (aggregation === 'buffered' || spoolDir === undefined))
    throw new UsageError('--resume has nothing to continue from', {
      fix: 'Give --spool-dir the folder of the server that was interrupted, or --checkpoint its file.',
    })
  if (aggregation === 'buffered') return { storage: memoryStorage(), earlier: undefined, openLedger: () => undefined }
  const folder = SpoolFolder.open(spoolDir)
  const warning = await folder.warning()
  if (warning !== undefined) role.log(`warning: ${warning}`)
  const earlier = resume ? readLedger(folder.ledgerPath) : undefined
  if (earlier !== undefined) assertSameJob(earlier, settings, folder.path)
  const openLedger = (port: number, job: string) =>
    new Ledger(folder.ledgerPath, {
      members: {},
      attempt: null,
      results: [],
      ...earlier,
      port,
      job,
      settings: identityOf(settings),
    })
  const resumes = earlier !== undefined && hasState(earlier, folder)
  const onDropped = (what: string) => role.log(`${what} in ${folder.path} is incomplete, and its client is asked again`)
  return { storage: new SpoolStorage(folder, { resumes, onDropped }), earlier, openLedger }
}

/**
 * Returns whether the job has a state to resume from. A job that ended before its first round has
 * none and begins at round 1. Throws UsageError where a state must exist and is missing, because
 * beginning at round 1 would discard rounds.
 */
function hasState({ attempt, results }: LedgerEntries, folder: SpoolFolder): boolean {
  const path = folder.pathOf(STATE)
  if (existsSync(path)) return true
  if (attempt === null && results.length === 0) return false
  const where = attempt === null ? 'had begun' : `was in round ${attempt.round}`
  throw new UsageError(`the job in ${folder.path} ${where}, and its state is missing: there is no ${path}`, {
    fix: 'Put it back, or start the job again without --resume.',
  })
}

export function makeJobName(): string {
  return randomBytes(8).toString('hex')
}

export interface ResumedCheckpoint {
  source: WeightsSource
  completedRounds: number
  /** Each client's last result in the state. */
  results: ResultClaim[]
}

/** Reads the checkpoint to resume from; undefined where there is none yet. */
export async function readResumedCheckpoint(
  { checkpoint, resume }: ServerSettings,
  expected: { algorithm: string; specs: readonly TensorSpec[] },
): Promise<ResumedCheckpoint | undefined> {
  if (!resume || checkpoint === undefined || !existsSync(checkpoint)) return undefined
  const file = new SafetensorsFile(checkpoint)
  file.close()
  const { algorithm, round, results } = file.metadata
  const difference =
    algorithm === expected.algorithm
      ? tensorSchemaDifference(
          file.entries.map(({ spec }) => spec),
          expected.specs,
        )
      : `it was written by ${algorithm ?? 'something else'}, and the job runs ${expected.algorithm}`
  if (difference !== undefined)
    throw new UsageError(`the checkpoint ${checkpoint} is of another job: ${difference}`, {
      fix: 'Give the options that the job was started with, or start it again without --resume.',
    })
  const found = await readCheckpoint(checkpoint)
  const places = new Map(found.specs.map(({ name }, index) => [name, index]))
  const data = expected.specs.map(({ name }) => found.data[places.get(name)!]!)
  return {
    source: { specs: expected.specs, data },
    completedRounds: Number(round ?? 0),
    results: JSON.parse(results ?? '[]') as ResultClaim[],
  }
}

/** The options that identify a job. The number of rounds may change between runs. */
function identityOf(settings: ServerSettings): LedgerEntries['settings'] {
  const { rounds: _, ...shared } = sharedSettings(settings)
  return shared
}

function assertSameJob(earlier: LedgerEntries, settings: ServerSettings, folder: string): void {
  for (const [option, value] of Object.entries(identityOf(settings)))
    if (earlier.settings[option] !== value)
      throw new UsageError(
        `the job in ${folder} was started with ${option} = ${earlier.settings[option]}, and now ${option} is ${value}`,
        { fix: 'Give the options that it was started with, or start it again without --resume.' },
      )
}
