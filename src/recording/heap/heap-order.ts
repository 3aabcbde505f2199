import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Settings of `--heap-diff`. */
export interface HeapDiffOptions {
  /** Look after this many rounds and after twice as many. */
  rounds: number
  /** Frames per stack, from the line outward. */
  depth: number
  /** Packages, folders or files whose lines are skipped in favour of their callers. */
  ignore: readonly string[]
}

/** Folder of the recording in which measured processes write their results. */
export const HEAP_FOLDER = 'heap'
/** File that a process leaves there if it is not measured because enough others are. */
export const TOO_MANY_FILE = 'too-many-processes'
/** Variable that the code inside a program reads: the folder with the order, or `on-demand`. */
export const HEAP_VARIABLE = 'TIDEMARK_HEAP'
export const ON_DEMAND = 'on-demand'
/**
 * Number of looks, the first and the last included. Those between distinguish steady growth from a
 * single allocation.
 */
const MOST_LOOKS = 4

const PYTHON = fileURLToPath(new URL('../../../python/', import.meta.url))
/** Folder for PYTHONPATH that makes every Python in the environment measure itself. */
export const PYTHON_INJECTION = join(PYTHON, 'tidemark_heap/inject')
/** Folder for PYTHONPATH that contains `python -m tidemark_heap`. */
export const PYTHON_MODULES = PYTHON
const NODE_MODULE = fileURLToPath(new URL('inside-node.cjs', import.meta.url))

/**
 * Returns the numbers of completed rounds after which to look: `rounds`, twice as many, and up to
 * two between them.
 */
export function looksFor(rounds: number): number[] {
  const steps = Math.min(rounds, MOST_LOOKS - 1)
  return Array.from({ length: steps + 1 }, (_, step) => rounds + Math.floor((rounds * step) / steps))
}

/**
 * Writes the order into the folder of a recording.
 *
 * @param isRelative count rounds from the first one whose end is seen, for a program that already
 *   ran
 */
export function writeHeapOrder(
  recording: string,
  { rounds, depth, ignore }: HeapDiffOptions,
  { marksFile, isRelative = false }: { marksFile: string; isRelative?: boolean },
): string {
  const folder = join(resolve(recording), HEAP_FOLDER)
  mkdirSync(folder, { recursive: true })
  const order = {
    rounds,
    wanted: looksFor(rounds),
    depth,
    ignore,
    marksFile,
    isRelative,
    snapshotFolder: resolve(recording),
    recorderPid: process.pid,
  }
  writeFileSync(join(folder, 'order.json'), JSON.stringify(order))
  return folder
}

/**
 * Returns variables that make every Python and Node process of a command measure itself as the
 * folder's order says.
 */
export function heapEnvironment(folder: string, given: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return {
    [HEAP_VARIABLE]: folder,
    PYTHONPATH: joined(PYTHON_INJECTION, given.PYTHONPATH, ':'),
    // Rounds that a log reports are late otherwise: a Python writes to a pipe in pieces of 8 KiB.
    PYTHONUNBUFFERED: given.PYTHONUNBUFFERED ?? '1',
    NODE_OPTIONS: joined(`--require ${quoted(NODE_MODULE)}`, given.NODE_OPTIONS, ' '),
  }
}

function joined(own: string, given: string | undefined, separator: string): string {
  return given === undefined || given === '' ? own : `${own}${separator}${given}`
}

/**
 * Quotes a path for `NODE_OPTIONS`, which accepts double quotes, with a backslash before one
 * inside.
 */
function quoted(path: string): string {
  return /[\s"\\]/.test(path) ? `"${path.replaceAll(/["\\]/g, '\\$&')}"` : path
}

/** Stops the measurement in processes that outlive the recording. */
export function endHeapOrder(folder: string): void {
  try {
    writeFileSync(join(folder, 'ended'), '')
  } catch {} // full disk: they notice that the recorder has ended
}
