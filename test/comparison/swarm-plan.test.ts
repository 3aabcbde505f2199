import { expect, it } from 'vitest'
import { planComparison } from '../../src/comparison/plan/plan.js'

const swarm = (settings?: object) => ({
  name: 'swarm',
  workload: { kind: 'federation', job: { algorithm: 'swarm' } },
  ...(settings === undefined ? {} : { settings }),
})

it('a swarm is judged by its peers, whose cleanup has its own axis', () => {
  const { judge, settings, workload } = planComparison(swarm(), 'the test')
  expect(judge).toBe('peer')
  expect(settings).toMatchObject({ memoryGcRounds: [0, 5, 1] })
  expect(Object.keys(settings)).not.toContain('serverMemoryGcRounds')
  expect(workload).toMatchObject({ job: { rotation: 'round-robin' } })
})

it('cleanup of a server that is not there is refused, and so is that of peers that are not', () => {
  expect(() => planComparison(swarm({ serverMemoryGcRounds: [0, 1] }), 'the test')).toThrow(
    'settings.serverMemoryGcRounds: means nothing to swarm, which has no server: its peers have --memory-gc-rounds',
  )
  const fedavg = { ...swarm({ memoryGcRounds: [1] }), workload: { kind: 'federation', job: { algorithm: 'fedavg' } } }
  expect(() => planComparison(fedavg, 'the test')).toThrow(
    'settings.memoryGcRounds: belongs to swarm, and the algorithm here is fedavg',
  )
})
