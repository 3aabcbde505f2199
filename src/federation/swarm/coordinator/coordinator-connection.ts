import { Connection, HttpResponseError } from '../../transport/http-client.js'
import { HEADERS, PATHS } from '../../transport/protocol.js'
import { withReconnect } from '../../transport/retry.js'
import type { RosterEntry } from '../roster.js'
import { parseSwarmSettings, type SwarmSettings } from '../swarm-job.js'
import type { HeartbeatAnswer } from './routes.js'

export interface CoordinatorConnectionOptions {
  coordinator: string
  token: string
  name: string
  connectDeadlineMs: number
  signal: AbortSignal
  log: (line: string) => void
}

export interface Joined {
  job: string
  settings: SwarmSettings
  /** Another process of this name took part in the job before. */
  isReturning: boolean
}

/** An answer to a heartbeat later than this counts as lost. */
const ANSWER_MS = 5000

/** A peer's connection to its coordinator. */
export class CoordinatorConnection {
  readonly #options: CoordinatorConnectionOptions
  readonly #connection: Connection
  #job = ''
  #session = ''

  constructor(options: CoordinatorConnectionOptions) {
    this.#options = options
    this.#connection = new Connection({ ...options, url: options.coordinator, idleMs: ANSWER_MS })
  }

  /** @param url where this peer listens */
  async join(url: string): Promise<Joined> {
    const { name, coordinator, connectDeadlineMs: deadlineMs, signal, log } = this.#options
    const answer = await withReconnect(() => this.#post(PATHS.join, {}, { url }), {
      deadlineMs,
      signal,
      what: `peer "${name}" could not reach the coordinator at ${coordinator}`,
      log,
    })
    this.#job = String(answer.job)
    this.#session = String(answer.session)
    return { job: this.#job, settings: parseSwarmSettings(answer.settings), isReturning: answer.returning === true }
  }

  /**
   * Reports that this peer lives and returns which others do. Rejects when the coordinator cannot
   * be reached.
   */
  async beat({ round, votes }: Pick<RosterEntry, 'round' | 'votes'>): Promise<HeartbeatAnswer> {
    const answer = await this.#post(PATHS.heartbeat, { [HEADERS.round]: String(round) }, { votes })
    return {
      state: answer.state as HeartbeatAnswer['state'],
      message: String(answer.message),
      peers: answer.peers as RosterEntry[],
    }
  }

  /** Ends the job for all peers. */
  async fail(message: string): Promise<void> {
    await this.#post(PATHS.failure, {}, { message })
  }

  close(): void {
    this.#connection.close()
  }

  #post(path: string, headers: Record<string, string>, body: object): Promise<Record<string, unknown>> {
    const text = Buffer.from(JSON.stringify(body))
    return this.#connection.requestJson({
      method: 'POST',
      path,
      headers: {
        [HEADERS.job]: this.#job,
        [HEADERS.client]: this.#options.name,
        [HEADERS.session]: this.#session,
        ...headers,
      },
      body: { byteLength: text.length, chunks: () => [text] },
    })
  }
}

/** Returns whether another process has taken this peer's name. */
export function isReplaced(error: unknown): boolean {
  return error instanceof HttpResponseError && error.reason === 'replaced'
}
