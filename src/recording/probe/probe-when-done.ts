import { everyNthRound } from '../../memory/every-nth-round.js'
import type { RecorderHandle } from '../recorder-handle.js'
import type { ProbeOrder } from './probe-order.js'
import { type Probed, takeProbe } from './take-probe.js'

export interface ProbePlan {
  order: Pick<ProbeOrder, 'token' | 'library'>
  /** The round after which it is taken; null: when the output tells that the work is done. */
  afterRound: number | null
  /** After every N-th round as well; left out, when the work is done alone. */
  every?: number | undefined
  /** Those that are meant, at that moment. */
  whom(): Probed[]
}

export interface PendingProbe {
  /** Resolves when a probe that is under way is over. One that was never taken is told in the recording's warnings. */
  settled(): Promise<void>
}

/**
 * Probes once, when the work is done: a probe gives memory back that the program would have kept, so that every round after
 * it would be another one. Probes on the way are therefore for recordings of their own.
 */
export function probeWhenDone(recorder: RecorderHandle, { order, afterRound, every, whom }: ProbePlan): PendingProbe {
  let taking = Promise.resolve()
  let isLastTaken = false
  let isOver = false
  let roundsDone = 0
  const take = (after: { round?: number }) => {
    if (isOver || isLastTaken) return
    isLastTaken = after.round === undefined
    const processes = whom()
    taking = taking.then(() => probeAll(recorder, order, { processes, after }))
  }
  recorder.onRound((round) => {
    roundsDone++
    if (every !== undefined && everyNthRound(every, roundsDone)) take({ round })
    if (round === afterRound) take({})
  })
  recorder.onWorkDone(() => take({}))
  return {
    settled: async () => {
      isOver = true
      if (!isLastTaken) recorder.warn(neverTaken(afterRound))
      await taking
    },
  }
}

interface Taking {
  processes: readonly Probed[]
  /** The round after which it is, on the way. */
  after: { round?: number }
}

async function probeAll(
  recorder: RecorderHandle,
  order: ProbePlan['order'],
  { processes, after }: Taking,
): Promise<void> {
  const when = after.round === undefined ? 'when the work was done' : `after round ${after.round}`
  if (processes.length === 0) recorder.warn(`The probe was not taken: no process of the judged role ran ${when}.`)
  for (const process of processes) {
    const taken = await takeProbe(order, process)
    if (taken.kind === 'taken') recorder.copyMark(JSON.stringify({ ...taken.mark, ...after }))
    else recorder.warn(`The probe was not taken ${when}: ${taken.why}.`)
  }
}

function neverTaken(afterRound: number | null): string {
  const missing = afterRound === null ? 'that the work is done' : `the end of round ${afterRound}`
  return `The probe was not taken: nothing told ${missing} while the process ran. --probe-round names a round whose end is told.`
}
