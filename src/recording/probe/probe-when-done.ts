import { everyNthRound } from '../../memory/every-nth-round.js'
import type { RecorderHandle } from '../recorder-handle.js'
import type { ProbeOrder } from './probe-order.js'
import { type Probed, takeProbe } from './take-probe.js'

export interface ProbePlan {
  order: Pick<ProbeOrder, 'token' | 'library'>
  /** Round after which to probe; null: when the output reports that the work is done. */
  afterRound: number | null
  /** Also probe after every N-th round; if absent, only when the work is done. */
  every?: number | undefined
  /** Returns the processes to probe at that moment. */
  processes(): Probed[]
}

export interface PendingProbe {
  /** Resolves when a probe under way is over. Warns in the recording if none was taken. */
  settled(): Promise<void>
}

/**
 * Probes once, when the work is done. A probe returns memory that the program would have kept, so
 * every later round would differ. Probes after every N-th round therefore need recordings of their
 * own.
 */
export function probeWhenDone(
  recorder: RecorderHandle,
  { order, afterRound, every, processes }: ProbePlan,
): PendingProbe {
  let taking = Promise.resolve()
  let isLastTaken = false
  let isOver = false
  let roundsDone = 0
  const take = (after: { round?: number }) => {
    if (isOver || isLastTaken) return
    isLastTaken = after.round === undefined
    const probed = processes()
    taking = taking.then(() => probeAll(recorder, order, { processes: probed, after }))
  }
  recorder.on('round', (round) => {
    roundsDone++
    if (every !== undefined && everyNthRound(every, roundsDone)) take({ round })
    if (round === afterRound) take({})
  })
  recorder.on('workDone', () => take({}))
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
  /** Round after which an intermediate probe is taken. */
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
  return `The probe was not taken: nothing reported ${missing} while the process ran. --probe-round names a round whose end is reported.`
}
