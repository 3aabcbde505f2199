import { expect, it } from 'vitest'
import { planComparison } from '../../src/experiment/plan.js'

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
    'settings.serverMemoryGcRounds: found with swarm, whose peers have memoryGcRounds and which has no server',
  )
  const fedavg = { ...swarm({ memoryGcRounds: [1] }), workload: { kind: 'federation', job: { algorithm: 'fedavg' } } }
  expect(() => planComparison(fedavg, 'the test')).toThrow('settings.memoryGcRounds: found with fedavg')
})
