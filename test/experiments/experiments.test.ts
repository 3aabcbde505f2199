/** The experiments that take seconds. `npm run experiments` runs all of them. */
import { describe, expect, it } from 'vitest'
import { badResults } from '../../experiments/bad-results.js'
import { fixedPoint } from '../../experiments/fixed-point.js'
import type { Row } from '../../experiments/support/experiment.js'
import { twoQuadratics } from '../../experiments/two-quadratics.js'

const PART_OF_A = 'Results that break a rule leave no trace: the run has the bits of the one without them.'

describe.each([
  [PART_OF_A, 6, badResults],
  [twoQuadratics.shows, 27, () => twoQuadratics.run(() => {})],
  [fixedPoint.shows, 6, () => fixedPoint.run(() => {})],
])('%s', (_shows, count, run) => {
  it('passes in every row', async () => {
    const rows: Row[] = await run()
    expect(rows).toHaveLength(count)
    expect(rows.filter(({ passed }) => !passed)).toEqual([])
  }, 300_000)
})
