import * as v from 'valibot'
import { readVariable } from '../../linux/process/environment.js'
import { UsageError } from '../../shared/errors.js'
import { askSocket } from '../probe/ask-socket.js'
import { HEAP_VARIABLE, heapEnvironment, ON_DEMAND } from './heap-order.js'

/**
 * Timeout of an answer. memray starts within tenths of a second; a busy program takes longer to
 * respond.
 */
const ANSWER_WITHIN_MS = 20_000

const answer = v.union([v.object({ engine: v.string() }), v.object({ error: v.string() })])

/**
 * Makes a waiting process measure itself as the order in the folder says.
 *
 * @returns the engine: memray, tracemalloc or v8
 * @throws UsageError if the process does not wait, with how to start it, or if it cannot measure
 */
export async function orderWaiting(pid: number, folder: string): Promise<string> {
  const text = await askSocket(`tidemark-heap/${pid}/`, `${folder}\n`, ANSWER_WITHIN_MS)
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), answer), text)
  if (!read.success) throw notWaiting(pid)
  if ('error' in read.output)
    throw new UsageError(`attach: --heap-diff: pid ${pid} cannot measure its heap: ${read.output.error}`)
  return read.output.engine
}

function notWaiting(pid: number): UsageError {
  const asked = readVariable(pid, HEAP_VARIABLE)
  const why =
    asked === ON_DEMAND
      ? `was started with ${HEAP_VARIABLE}=${ON_DEMAND}, but nothing in it answers: its interpreter did not load what waits (python -I, -S or -E, or older than 3.9), or it is busy in code that holds the interpreter`
      : `does not wait for it: it was started without ${HEAP_VARIABLE}=${ON_DEMAND}`
  const { PYTHONPATH, NODE_OPTIONS } = heapEnvironment(ON_DEMAND, {})
  return new UsageError(`attach: --heap-diff: pid ${pid} ${why}`, {
    fix:
      `Start a Python program with: ${HEAP_VARIABLE}=${ON_DEMAND} PYTHONPATH=${PYTHONPATH} python3 ...\n` +
      `Start a Node program with: ${HEAP_VARIABLE}=${ON_DEMAND} NODE_OPTIONS='${NODE_OPTIONS}' node ...\n` +
      'or, for constructors without lines, with: node --heapsnapshot-signal=SIGUSR2 ...\n' +
      'Or have it measured from its start: tidemark run --heap-diff.',
  })
}
