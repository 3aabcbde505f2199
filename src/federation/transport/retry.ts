import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, systemErrorCode, TidemarkError } from '../../shared/errors.js'
import { formatDuration } from '../../shared/units.js'
import { HttpResponseError } from './http-client.js'
import { HttpError } from './http-error.js'

export interface ReconnectOptions {
  /** How long the other side may stay away, counted from the first failure. */
  deadlineMs: number
  signal: AbortSignal
  /** What is tried, for the message: `client "site-1" could not reach the server at http://…`. */
  what: string
  log: (line: string) => void
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/**
 * Does it again after a broken connection, with growing pauses; other errors pass through. So it
 * must be safe to do twice.
 */
export async function withReconnect<T>(operation: () => Promise<T>, options: ReconnectOptions): Promise<T> {
  const { deadlineMs, signal, what, log } = options
  let firstFailureMs: number | undefined
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await operation()
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!isConnectionTrouble(error)) throw explained(error, what)
      firstFailureMs ??= performance.now()
      const leftMs = firstFailureMs + deadlineMs - performance.now()
      if (leftMs <= 0) throw unreachable(error, what, deadlineMs)
      log(`${messageOf(error)}; trying again`)
      await sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => {
        throw signal.reason
      })
    }
  }
}

/**
 * Node's codes for a connection that was refused, was reset or fell silent, and a body that ended
 * too soon.
 */
const TROUBLES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  // Of an answer whose text was announced and did not come.
  'too-slow',
])

/** Refusals that time alone may lift. */
const PASSING = new Set(['busy', 'no-space', 'slow-down'])

function isConnectionTrouble(error: unknown): boolean {
  if (error instanceof HttpResponseError) return PASSING.has(error.reason)
  return TROUBLES.has(systemErrorCode(error) ?? '')
}

/** Codes of a failed TLS handshake, and of an answer that is not HTTP. */
const NO_PEER = /^(HPE_|ERR_SSL_|ERR_TLS_|EPROTO$)|CERT|CRL|ISSUER|SIGNATURE/

/** Names what the other side may be where its answer is none of a Tidemark server. */
function explained(error: unknown, what: string): unknown {
  const code = systemErrorCode(error) ?? ''
  if (error instanceof HttpError)
    return new TidemarkError(`${what}: it answered as no Tidemark server does: ${error.message}`, {
      fix: 'Give the address as the server prints it.',
      cause: error,
    })
  if (!NO_PEER.test(code)) return error
  return new TidemarkError(`${what}: ${messageOf(error).trim()} (${code})`, {
    fix: "Give the address as the server prints it, http or https. --tls-ca names the authority that signed the server's certificate, which must be valid for that address; the server may ask for --tls-cert and --tls-key too.",
    cause: error,
  })
}

function unreachable(error: unknown, what: string, deadlineMs: number): TidemarkError {
  return new TidemarkError(`${what} within ${formatDuration(deadlineMs)}: ${messageOf(error)}`, {
    fix: 'Is the server running, and reachable from here? Its log says why it ended. Raise --connect-deadline to wait longer.',
    cause: error,
  })
}
