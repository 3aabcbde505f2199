import { EventEmitter, once } from 'node:events'
import type { OwnMark, RoleProcess } from '../../src/federation/process/role-process.js'

export const TOKEN = 'test-token'
// Where every role looks for it; test files run in processes of their own.
process.env.TIDEMARK_TOKEN = TOKEN

/** A role inside the test's own process: its marks and log lines are kept, and the test can stop it. */
export interface FakeRole extends RoleProcess {
  marks: OwnMark[]
  lines: string[]
  events: EventEmitter
  stop(reason: Error): void
}

export function fakeRole(): FakeRole {
  const controller = new AbortController()
  const events = new EventEmitter()
  const marks: OwnMark[] = []
  const lines: string[] = []
  return {
    signal: controller.signal,
    // The peak belongs to the whole process, which here is the test's.
    exactPeaks: false,
    engine: { prepareForWeights: () => {} },
    marks,
    lines,
    events,
    mark: (mark) => {
      marks.push(mark)
      events.emit('mark')
    },
    log: (line) => {
      lines.push(line)
      events.emit('line')
    },
    stop: (reason) => controller.abort(reason),
  }
}

/** The first mark of a kind, as soon as it is there. */
export async function waitForMark<Kind extends OwnMark['mark']>(
  role: FakeRole,
  kind: Kind,
): Promise<Extract<OwnMark, { mark: Kind }>> {
  for (;;) {
    const found = role.marks.find((mark): mark is Extract<OwnMark, { mark: Kind }> => mark.mark === kind)
    if (found !== undefined) return found
    await once(role.events, 'mark')
  }
}
