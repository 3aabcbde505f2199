import { readFileSync } from 'node:fs'
import { replaceFile } from '../../shared/atomic-write.js'
import { messageOf, systemErrorCode, UsageError } from '../../shared/errors.js'

import type { ResultClaim } from '../transport/messages.js'

/**
 * What a killed server has to know again, apart from weights and results, which are files of their
 * own.
 */
export interface LedgerEntries {
  /** Clients continue under the job and sessions that they know. */
  job: string
  port: number
  /** Settings that must not change between two starts of one job. */
  settings: Record<string, string | number | boolean>
  /** Sessions by client. */
  members: Record<string, string>
  /** The current attempt, and the clients present when it began: they decide which are drawn. */
  attempt: { round: number; attempt: number; present: string[] } | null
  /** Each client's last result as of the committed round and of the one about to be committed. */
  results: { round: number; claims: readonly ResultClaim[] }[]
}

/** The entries in a file that is replaced whole at each change. */
export class Ledger {
  readonly #path: string
  #entries: LedgerEntries

  constructor(path: string, entries: LedgerEntries) {
    this.#path = path
    this.#entries = entries
    this.#write()
  }

  get entries(): Readonly<LedgerEntries> {
    return this.#entries
  }

  note(changes: Partial<LedgerEntries>): void {
    this.#entries = { ...this.#entries, ...changes }
    this.#write()
  }

  /** Call it before the round is committed; the state tells which of the two rounds counts. */
  noteResults(round: number, claims: readonly ResultClaim[]): void {
    const before = this.#entries.results.filter((noted) => noted.round === round - 1)
    this.note({ results: [...before, { round, claims }] })
  }

  resultsOf(round: number): readonly ResultClaim[] | undefined {
    return this.#entries.results.find((noted) => noted.round === round)?.claims
  }

  /** Synced: after a loss of power the state needs the entries noted before it. */
  #write(): void {
    replaceFile(this.#path, JSON.stringify(this.#entries), { isSynced: true })
  }
}

/**
 * Reads what an earlier server left; undefined where there was none. Throws UsageError where it is
 * not readable.
 */
export function readLedger(path: string): LedgerEntries | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LedgerEntries
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw new UsageError(`the job in ${path} cannot be resumed: ${messageOf(error)}`, {
      fix: 'Start it again without --resume.',
      cause: error,
    })
  }
}
