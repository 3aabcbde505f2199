import type { RecorderHandle } from '../recorder-handle.js'
import type { ProbeOrder } from './probe-order.js'
import { type Probed, takeProbe } from './take-probe.js'

export interface ProbePlan {
  order: Pick<ProbeOrder, 'token' | 'library'>
  /** The round after which it is taken; null: when the output tells that the work is done. */
  afterRound: number | null
  /** Those that are meant, at that moment. */
  whom(): Probed[]
}

export interface PendingProbe {
  /** Resolves when a probe that is under way is over. One that was never taken is told in the recording's warnings. */
  settled(): Promise<void>
}

/**
 * Probes once, when the work is done: a probe gives memory back that the program would have kept, so that every round after
 * it would be another one.
 */
export function probeWhenDone(recorder: RecorderHandle, { order, afterRound, whom }: ProbePlan): PendingProbe {
  let taking: Promise<void> | undefined
  let isOver = false
  const take = () => {
    if (!isOver) taking ??= probeAll(recorder, order, whom())
  }
  recorder.onRound((round) => {
    if (round === afterRound) take()
  })
  recorder.onWorkDone(take)
  return {
    settled: async () => {
      isOver = true
      if (taking === undefined) recorder.warn(neverTaken(afterRound))
      await taking
    },
  }
}

async function probeAll(recorder: RecorderHandle, order: ProbePlan['order'], whom: readonly Probed[]): Promise<void> {
  if (whom.length === 0)
    recorder.warn('The probe was not taken: no process of the judged role ran when the work was done.')
  for (const process of whom) {
    const taken = await takeProbe(order, process)
    if (taken.kind === 'taken') recorder.copyMark(JSON.stringify(taken.mark))
    else recorder.warn(`The probe was not taken: ${taken.why}.`)
  }
}

function neverTaken(afterRound: number | null): string {
  const missing = afterRound === null ? 'that the work is done' : `the end of round ${afterRound}`
  return `The probe was not taken: nothing told ${missing} while the process ran. --probe-round names a round whose end is told.`
}
