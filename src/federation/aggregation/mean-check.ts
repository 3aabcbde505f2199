/**
 * No mean that is not finite is committed: every later result would be refused. Results are finite;
 * their sum need not be.
 */

import { RoundFailedError } from '../rounds/result-collector.js'
import type { TensorData } from '../tensors/weights.js'
import { quote } from '../tensors/weights.js'

/** What one result, or the previous state, adds to a sum. */
export interface Part {
  /** Undefined for the previous state. */
  client: string | undefined
  share: number
  data: TensorData
}

/** Where a sum is not finite. */
export interface Overflow {
  tensor: string
  /** Index in the tensor. */
  index: number
  /** Index in the data of the parts. */
  at: number
  /** The sum's value there. */
  value: number
  /** The part whose data the sum overwrote, so its value is lost. */
  target?: TensorData
}

/** Names the client whose result contributed most to a value that is not finite. */
export function meanIsNotFinite(round: number, parts: readonly Part[], overflow: Overflow): RoundFailedError {
  const name = largestClient(parts, overflow)
  return failure(round, overflow, name === undefined ? '' : `; the largest part of it came from client "${name}"`)
}

/** Does the same where results are not kept one by one. */
export function sumIsNotFinite(
  round: number,
  clients: readonly string[],
  place: Omit<Overflow, 'at'>,
): RoundFailedError {
  return failure(
    round,
    place,
    `; it is made of the results of ${clients.map((client) => `client "${client}"`).join(', ')}`,
  )
}

function failure(round: number, { tensor, index, value }: Omit<Overflow, 'at'>, whose: string): RoundFailedError {
  return new RoundFailedError(
    `the next state of round ${round} is not finite: tensor ${quote(tensor)} has the value ${value} at index ${index}${whose}`,
    { fix: 'Each result is finite, and one is too large to be added up: look at that client, or leave it out.' },
  )
}

function largestClient(parts: readonly Part[], { at, target }: Overflow): string | undefined {
  const results = parts.filter(({ client }) => client !== undefined)
  const known = results.filter(({ data }) => data !== target)
  const lost = results.find(({ data }) => data === target)
  const sizes = known.map((part) => ({ client: part.client, size: Math.abs(part.share * part.data[at]!) }))
  const largest = sizes.sort((a, b) => b.size - a.size)[0]
  if (lost === undefined) return largest?.client
  // Together the parts exceeded the largest number. The lost part contributed what the others do
  // not explain.
  const others = parts.filter(({ data }) => data !== target)
  const rest = largestOf(target!) - others.reduce((sum, { share, data }) => sum + Math.abs(share * data[at]!), 0)
  return largest === undefined || rest > largest.size ? lost.client : largest.client
}

function largestOf(data: TensorData): number {
  return data instanceof Float32Array ? (2 - 2 ** -23) * 2 ** 127 : Number.MAX_VALUE
}
