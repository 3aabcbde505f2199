/** Why a request is refused: the code is for programs, the message for people. */
export type HttpErrorCode =
  | 'bad-request'
  | 'unauthorized'
  /** The client certificate belongs to another client. */
  | 'wrong-certificate'
  /** Too many requests at once; retry later. */
  | 'busy'
  | 'slow-down'
  | 'too-slow'
  | 'no-space'
  | 'not-found'
  /** Join again: the server runs another job, or does not know this session. */
  | 'join-again'
  /** Another process has joined under this name. */
  | 'replaced'
  /** All clients of the job have already joined. */
  | 'full'
  | 'late'
  /** A result for a turn that has not begun here: retry. */
  | 'early'
  | 'length-required'
  | 'too-large'
  | 'rejected'
  | 'failed'

/**
 * A request answered with a status of 400 or more and one JSON object: `{"error": code, "message":
 * sentence}`.
 */
export class HttpError extends Error {
  readonly status: number
  readonly code: HttpErrorCode
  /** Further facts of the answer, for example the server's current round. */
  readonly facts: Record<string, number>

  constructor(status: number, code: HttpErrorCode, from: { message: string; facts?: Record<string, number> }) {
    super(from.message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.facts = from.facts ?? {}
  }
}
