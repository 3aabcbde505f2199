import { expect, test } from 'vitest'
import { RoundProgress } from '../../src/recording/rounds/round-progress.js'

test('a process ended in the round after the last one that it was read in, whatever the others do later', () => {
  const progress = new RoundProgress()
  progress.roundEnded(1, [7, 8])
  progress.roundEnded(2, [7, 8])
  progress.ended(7)
  progress.roundEnded(3, [8])
  progress.ended(9)
  expect([7, 8, 9].map((pid) => progress.roundOf(pid))).toEqual([3, 4, 4])
})

test('a round that is read after the end of all processes was theirs', () => {
  const progress = new RoundProgress()
  progress.roundEnded(1, [6, 7])
  progress.roundEnded(2, [7])
  progress.ended(7)
  progress.roundUnread(3)
  progress.roundUnread(4)
  expect([6, 7].map((pid) => progress.roundOf(pid))).toEqual([2, 5])
})

test('before the first round none is known', () => {
  const progress = new RoundProgress()
  progress.ended(7)
  expect(progress.roundOf(7)).toBeUndefined()
})
