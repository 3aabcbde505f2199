import { expect, it } from 'vitest'
import { everyNthRound } from '../../src/memory/index.js'

const dueOf = (n: number) => Array.from({ length: 12 }, (_, i) => i + 1).filter((round) => everyNthRound(n, round))

it('0 never cleans up', () => expect(dueOf(0)).toEqual([]))
it('1 cleans up after every round', () => expect(dueOf(1)).toHaveLength(12))
it('5 cleans up after the 5th and the 10th completed round', () => expect(dueOf(5)).toEqual([5, 10]))
it('nothing is due before a round was completed', () => expect(everyNthRound(5, 0)).toBe(false))
