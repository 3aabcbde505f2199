import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { UNNAMED_ROLE } from '../processes/process-name.js'
import type { RoundRecord } from '../recording.js'
import { type ConstructorGrowth, constructorGrowth, type SnapshotGrowth } from './constructor-growth.js'
import { costOf } from './heap-cost.js'
import { causeOf, type GrownLine, type HeapGrowth, partsOf } from './heap-growth.js'
import { type HeapDiffOptions, PYTHON_MODULES } from './heap-order.js'
import type { Look, MeasuredProcess } from './measured-process.js'
import { bufferLine, constructorLine, nodeLines } from './node-lines.js'

export interface GrowthOptions extends HeapDiffOptions {
  /** Folder in which the processes left their results. */
  folder: string
  /** Rounds of the recording, for the cost of a round. */
  recordedRounds: readonly RoundRecord[]
  /** Names of the processes in the recording, by pid. */
  names: ReadonlyMap<number, { name: string; role: string }>
}

/** Maximum number of lines in the result; the sum includes the others. */
const MOST_LINES = 50
/** Timeout of reading. What memray wrote of a long program takes minutes to read. */
const READ_WITHIN_MS = 600_000
const MOST_ANSWER = 256 * 2 ** 20

interface Found {
  lines: GrownLine[]
  lineBytes: number
  lineCount: number
  nativeBytes: number | null
  /** Memory of the engine beyond that of the looks. */
  ownBytes: number
  /** Growth of what Python's allocator keeps free in its arenas; null if it is not known. */
  freeBytes?: number | null
  constructors?: ConstructorGrowth[]
  files?: string[]
  notes?: string[]
}

/**
 * Reads what grew in one process between its first and its last look.
 *
 * @throws TidemarkError if its files cannot be read
 */
export async function readGrowth(
  process: MeasuredProcess,
  looks: readonly Look[],
  { folder, recordedRounds, names, ...options }: GrowthOptions,
): Promise<HeapGrowth> {
  const found = process.engine === 'v8' ? await ofNode(folder, looks, options) : await ofPython(process, looks, folder)
  const parts = partsOf(looks[0]!, looks.at(-1)!, found)
  const number = (completed: number) => completed + process.offset
  const lines = parts.explainedShare === null ? [] : found.lines.filter((line) => line.bytes > 0)
  const [fromRound, toRound] = [number(looks[0]!.round), number(looks.at(-1)!.round)]
  return {
    process: { pid: process.pid, ...(names.get(process.pid) ?? { name: nameOf(process), role: UNNAMED_ROLE }) },
    engine: process.engine ?? 'tracemalloc',
    fromRound,
    toRound,
    rounds: looks.map(({ round }) => number(round)),
    ...parts,
    cause: causeOf(parts, lines),
    lines: lines.slice(0, MOST_LINES),
    lineBytes: found.lineBytes,
    lineCount: found.lineCount,
    cost: costOf(process, looks, { recordedRounds, fromRound, toRound }),
    ...(found.constructors && { constructors: found.constructors, files: found.files! }),
    notes: [...(process.engineNote === null ? [] : [process.engineNote]), ...process.notes, ...(found.notes ?? [])],
  }
}

function nameOf({ arguments: [program = '', first = ''] }: MeasuredProcess): string {
  return basename(first.startsWith('-') || first === '' ? program : first)
}

/**
 * Asks the interpreter that ran the program, which can read its own files and has the same memray.
 */
async function ofPython(process: MeasuredProcess, looks: readonly Look[], folder: string): Promise<Found> {
  const answer = await python(process.executable, folder, process.pid)
  const { lines, lineBytes, lineCount, withoutLineBytes, largeBytes, ownBytes, freeBytes } = answer
  const [first, last] = [looks[0]!, looks.at(-1)!]
  // malloc also counts allocations that the engine does not see; these have no line.
  const isCounted = first.mallocBytes !== null && last.mallocBytes !== null
  const unseenBytes = isCounted
    ? Math.max(0, last.mallocBytes! - first.mallocBytes! - largeBytes - (last.ownBytes - first.ownBytes) - ownBytes)
    : null
  // Neither does an engine see pages of files and of shared memory, which the kernel counts.
  const sharedBytes = Math.max(0, (last.sharedBytes ?? 0) - (first.sharedBytes ?? 0))
  const isKnown = process.engine === 'memray' || unseenBytes !== null
  const nativeBytes = isKnown ? withoutLineBytes + (unseenBytes ?? 0) + sharedBytes : null
  return { lines, lineBytes, lineCount, nativeBytes, ownBytes, freeBytes }
}

interface PythonAnswer {
  lines: GrownLine[]
  lineBytes: number
  lineCount: number
  withoutLineBytes: number
  /** Growth of what the C allocator holds and the engine has seen. */
  largeBytes: number
  /** Growth of the engine's memory beyond what it reports of itself. */
  ownBytes: number
  freeBytes: number | null
}

async function python(executable: string, folder: string, pid: number): Promise<PythonAnswer> {
  const environment = { ...process.env, PYTHONPATH: PYTHON_MODULES, TIDEMARK_HEAP: '', PYTHONDONTWRITEBYTECODE: '1' }
  try {
    const { stdout } = await promisify(execFile)(executable, ['-m', 'tidemark_heap', folder, String(pid)], {
      timeout: READ_WITHIN_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_ANSWER,
      env: environment,
    })
    return JSON.parse(stdout)
  } catch (error) {
    const last = messageOf(error).trim().split('\n').at(-1)
    throw new TidemarkError(`cannot read what pid ${pid} wrote of its heap: ${last}`, { cause: error })
  }
}

async function ofNode(folder: string, looks: readonly Look[], options: HeapDiffOptions): Promise<Found> {
  // A process that only writes snapshots, at a signal, has no profile by line.
  const profiles = looks.flatMap(({ file }) => file ?? [])
  const hasLines = profiles.length === looks.length
  const files = looks.flatMap(({ snapshot }) => snapshot ?? [])
  const notes: string[] = []
  const compared =
    files.length < 2
      ? undefined
      : await constructorGrowth(files[0]!, files.at(-1)!).catch((error) => {
          if (!hasLines || !(error instanceof TidemarkError)) throw error
          notes.push(error.message)
        })
  if (!hasLines) {
    if (compared === undefined) throw new TidemarkError('there are no two heap snapshots to compare')
    return { ...ofSnapshots(compared), files }
  }
  const constructors = compared?.constructors ?? []
  const sites = nodeLines(folder, profiles, options)
  const buffers = bufferLine(
    constructors,
    looks.map(({ externalBytes = 0 }) => externalBytes),
  )
  const lines = [...sites, ...(buffers === undefined ? [] : [buffers])].sort((a, b) => b.bytes - a.bytes)
  const outside = looks.at(-1)!.externalBytes! - looks[0]!.externalBytes!
  return {
    lines,
    lineBytes: sumOf(lines),
    lineCount: lines.filter(({ bytes }) => bytes !== 0).length,
    nativeBytes: Math.max(0, outside - (buffers?.bytes ?? 0)),
    ownBytes: 0,
    ...(compared !== undefined && { constructors, files }),
    notes,
  }
}

function ofSnapshots({ constructors, heldBytes }: SnapshotGrowth): Omit<Found, 'files'> {
  const lines = [...heldBytes].map(([name, bytes]) => {
    const found = constructors.find((one) => one.name === name)
    return constructorLine({
      name,
      bytes,
      objects: found?.objects ?? 0,
      liveBytes: [0, bytes],
      path: found?.path ?? '',
    })
  })
  lines.sort((a, b) => b.bytes - a.bytes)
  // Memory of V8 outside of its snapshots is in the rest.
  return {
    lines,
    lineBytes: sumOf(lines),
    lineCount: lines.filter(({ bytes }) => bytes !== 0).length,
    nativeBytes: null,
    ownBytes: 0,
    constructors,
  }
}

function sumOf(lines: readonly GrownLine[]): number {
  return lines.reduce((sum, { bytes }) => sum + bytes, 0)
}
