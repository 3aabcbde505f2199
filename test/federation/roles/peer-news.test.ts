import { expect, it } from 'vitest'
import { Condition } from '../../../src/federation/async/condition.js'
import type { SwarmEvent } from '../../../src/federation/swarm/consensus/events.js'
import { CatchUpTrigger } from '../../../src/federation/swarm/peer/catch-up-trigger.js'

const confirmed = { attempt: 0, digest: 'd' }

function peerAt(state: { round: number; confirmed: typeof confirmed | null }) {
  const changes = new Condition()
  const heard: SwarmEvent[] = []
  const news = new CatchUpTrigger({ changes, state: () => state, hear: (event) => heard.push(event) })
  return { changes, heard, news, state }
}

it('a peer that waits for no commit hears of a newer round at once', async () => {
  const { heard, news } = peerAt({ round: 4, confirmed: null })
  await news.hear({ from: 'site-2', round: 5 })
  expect(heard).toEqual([{ type: 'news', from: 'site-2', round: 5 }])
})

it('a peer that has confirmed hears nothing of the round that its own commit leads to', async () => {
  const { changes, heard, news, state } = peerAt({ round: 4, confirmed })
  const hearing = news.hear({ from: 'site-2', round: 5 })
  state.round = 5
  changes.notify()
  await hearing
  expect(heard).toEqual([])
})

it('when the commit does not come it hears of the newer round all the same', async () => {
  const { heard, news } = peerAt({ round: 4, confirmed })
  await news.hear({ from: 'site-2', round: 5 })
  expect(heard).toHaveLength(1)
})

it('it waits as long as the weights come in, and no longer', async () => {
  const { changes, heard, news, state } = peerAt({ round: 4, confirmed: null })
  let reads = 0
  news.arriving = {
    get bytesRead() {
      reads++
      // It has grown at the second look, and not at the third.
      return Math.min(reads, 2)
    },
  }
  await news.hear({ from: 'site-2', round: 5 })
  expect(reads).toBe(3)
  expect(heard).toHaveLength(1)
  state.round = 5
  changes.notify()
  await news.hear({ from: 'site-2', round: 5 })
  expect(heard).toHaveLength(1)
})

it('news of two rounds later are heard at once: the commit that is on its way is worth nothing any more', async () => {
  const { heard, news } = peerAt({ round: 4, confirmed })
  await news.hear({ from: 'site-2', round: 6 })
  expect(heard).toHaveLength(1)
})
