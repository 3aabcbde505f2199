/** A shorter soak than those of `npm run faults -- tls` and `npm run faults -- soak`. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { driftOf, runSoak } from './soak.js'

const JOB = { rounds: 250, clients: 2, modelSize: '1MB', tls: true, flags: [] }

it(`under TLS each client takes part in each of ${JOB.rounds} rounds`, {
  timeout: 300_000,
  ...needs('openssl'),
}, async () => {
  const { incomplete, held } = await runSoak(JOB, join(temporaryFolder(), 'soak'))
  expect(incomplete).toEqual([])
  const { early, late } = driftOf(held.get('server')!, 'descriptors')
  // A connection more or less is open at a time; a leak would be hundreds in so many rounds.
  expect(late).toBeLessThanOrEqual(early + 2)
})
