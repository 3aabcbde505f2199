import { createHash } from 'node:crypto'

export interface Draw {
  seed: number
  round: number
  attempt: number
}

/**
 * Draws `count` of the clients uniformly without replacement, in sorted order; all of them when
 * there are no more.
 *
 * The clients with the smallest SHA-256 of "seed/round/attempt/name" are drawn: a run can be
 * repeated, the order of joining does not matter, and a few lines in any language check a draw.
 */
export function sampleClients(clients: readonly string[], count: number, draw: Draw): string[] {
  return clients
    .map((name) => ({ name, key: drawKey(draw, name) }))
    .sort((a, b) => compareText(a.key, b.key))
    .slice(0, count)
    .map(({ name }) => name)
    .sort(compareText)
}

/** Compares by code units: the same order on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function drawKey({ seed, round, attempt }: Draw, name: string): string {
  return createHash('sha256').update(`${seed}/${round}/${attempt}/${name}`).digest('hex')
}
