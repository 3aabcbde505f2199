import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { followLines } from '../../launch/follow-lines.js'
import { catchesSignal } from '../../linux/process/caught-signals.js'
import { TidemarkError } from '../../shared/errors.js'
import { parseMarkLine } from '../marks/mark-lines.js'
import { type ConstructorGrowth, diffHeaps } from './heap-diff.js'

/** What grew in the heap of one Node process from the end of one round to the end of another. */
export interface HeapDiff {
  pid: number
  fromRound: number
  toRound: number
  /** The snapshots, which the developer tools of Chrome open. */
  files: [string, string]
  constructors: ConstructorGrowth[]
}

/** Node hears it by `--heapsnapshot-signal`; where nobody listens it would end the process. */
const SIGNAL = 'SIGUSR2'

/** In the environment of a command this has every Node process in it write its heap to the folder when it is sent the signal. */
export function heapSnapshotEnvironment(folder: string, given = process.env.NODE_OPTIONS): Record<string, string> {
  const own = `--heapsnapshot-signal=${SIGNAL} ${quoted(`--diagnostic-dir=${folder}`)}`
  return { NODE_OPTIONS: given === undefined || given === '' ? own : `${given} ${own}` }
}

/** `NODE_OPTIONS` knows double quotes, with a backslash before one inside. */
function quoted(option: string): string {
  return /[\s"\\]/.test(option) ? `"${option.replaceAll(/["\\]/g, '\\$&')}"` : option
}

export interface HeapSnapshots {
  /**
   * After the program's end.
   *
   * @returns undefined where there are no two snapshots; then `onNote` has said why
   */
  finish(): Promise<HeapDiff | undefined>
}

/**
 * Has the process whose rounds the marks tell of write its heap after round `rounds`, when it has warmed up, and after twice as many. Of
 * several processes it is the server, else the first one whose round ends. Writing stops the program for about a second for every 100 MiB of heap.
 */
export function takeHeapSnapshots(
  { marksFile, folder, rounds }: { marksFile: string; folder: string; rounds: number },
  onNote: (note: string) => void,
): HeapSnapshots {
  const wanted = [rounds, 2 * rounds]
  const asked: { pid: number; round: number }[] = []
  let first: number | undefined
  const marks = followLines(marksFile, (line) => {
    const ended = endOfRound(line)
    if (ended === undefined || asked.length === wanted.length) return
    first ??= ended.round
    // Rounds that count from 0 have completed one more than their number.
    const completed = first === 0 ? ended.round + 1 : ended.round
    const process = ended.processes.find(({ pid }) => asked.length === 0 || pid === asked[0]!.pid)
    if (process === undefined || completed < wanted[asked.length]!) return
    if (!catchesSignal(process.pid, SIGNAL)) return
    globalThis.process.kill(process.pid, SIGNAL)
    asked.push({ pid: process.pid, round: ended.round })
  })
  return {
    finish: async () => {
      marks.readNow()
      marks.close()
      const [from, to] = asked
      const files = from === undefined ? [] : snapshotsOf(from.pid, folder)
      if (from === undefined || to === undefined || files.length < 2) {
        onNote(whyNone(wanted, asked.length, files.length))
        return undefined
      }
      const pair: [string, string] = [files[0]!, files[1]!]
      const known = { pid: from.pid, fromRound: from.round, toRound: to.round, files: pair }
      try {
        return { ...known, constructors: await diffHeaps(...pair) }
      } catch (error) {
        // The recording is whole all the same.
        if (!(error instanceof TidemarkError)) throw error
        onNote(`${error.message}. ${error.fix ?? ''}`)
        return undefined
      }
    },
  }
}

function endOfRound(line: string): { round: number; processes: { pid: number; role: string }[] } | undefined {
  const parsed = parseMarkLine(line)
  if (parsed.kind === 'mark' && parsed.mark.mark === 'round') {
    const { round, pid, role } = parsed.mark
    // A client's rounds are not those of the server that is asked about.
    return role === 'client' ? undefined : { round, processes: [{ pid, role }] }
  }
  if (parsed.kind !== 'observed' || parsed.mark.of !== 'round') return undefined
  const processes = parsed.mark.processes.filter(({ pid }) => catchesSignal(pid, SIGNAL))
  return {
    round: parsed.mark.round,
    processes: processes.sort((a, b) => Number(b.role === 'server') - Number(a.role === 'server')),
  }
}

/** Named `Heap.date.time.pid.thread.number.heapsnapshot`, so that their order is that of their names. */
function snapshotsOf(pid: number, folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.heapsnapshot') && name.split('.')[3] === String(pid))
    .sort()
    .map((name) => join(folder, name))
}

function whyNone([from, to]: number[], asked: number, written: number): string {
  if (asked === 0)
    return `no heap was written (--heap-diff): no Node process ended its round ${from}. Rounds are told by marks, or by --rounds from the log.`
  if (asked === 1)
    return `the heap was written once and not a second time (--heap-diff ${from}): the program ended before it had completed ${to} rounds.`
  return `only ${written} of two heaps were written (--heap-diff): the program ended before it came to it. Let it run a round longer.`
}
