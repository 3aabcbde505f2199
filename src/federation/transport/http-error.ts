/** Why a request is refused; a client acts on it, a person reads the message. */
export type HttpErrorCode =
  | 'bad-request'
  | 'unauthorized'
  /** The client certificate is another client's. */
  | 'wrong-certificate'
  /** Too many at once; the same request later may do. */
  | 'busy'
  | 'slow-down'
  | 'too-slow'
  | 'no-space'
  | 'not-found'
  /** Join again: the server runs another job, or does not know this session. */
  | 'join-again'
  /** Another process has joined under this name. */
  | 'replaced'
  /** All clients of the job have joined already. */
  | 'full'
  | 'late'
  /** A result for a turn that has not begun here: come again. */
  | 'early'
  | 'length-required'
  | 'too-large'
  | 'rejected'
  | 'failed'

/** A request answered with a status of 400 or more and one JSON object: `{"error": code, "message": sentence}`. */
export class HttpError extends Error {
  readonly status: number
  readonly code: HttpErrorCode
  /** Further facts of the answer, for example the round that the server is in. */
  readonly facts: Record<string, number>

  constructor(status: number, code: HttpErrorCode, from: { message: string; facts?: Record<string, number> }) {
    super(from.message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.facts = from.facts ?? {}
  }
}
