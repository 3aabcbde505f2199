import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What `--heap-diff` asks for. */
export interface HeapDiffOptions {
  /** Look after this many rounds and after twice as many. */
  rounds: number
  /** Frames of a stack, from the line outward. */
  depth: number
  /** Packages, folders or files whose lines are passed over for their callers'. */
  ignore: readonly string[]
}

/** Folder of the recording in which measured processes leave what they saw. */
export const HEAP_FOLDER = 'heap'
/** The folder that holds the order, or `on-demand`: what the code inside a program looks for. */
export const HEAP_VARIABLE = 'TIDEMARK_HEAP'
export const ON_DEMAND = 'on-demand'
/** Looks, the first and the last included: those on the way tell growth that goes on from what is made once. */
const MOST_LOOKS = 4

const PYTHON = fileURLToPath(new URL('../../../python/', import.meta.url))
/** In PYTHONPATH, it has every Python in the environment measure itself. */
export const PYTHON_INJECTION = join(PYTHON, 'tidemark_heap/inject')
/** Where `python -m tidemark_heap` is found. */
export const PYTHON_MODULES = PYTHON
const NODE_MODULE = fileURLToPath(new URL('inside-node.cjs', import.meta.url))

/** Numbers of completed rounds after which is looked: `rounds`, twice as many, and up to two between them. */
export function looksFor(rounds: number): number[] {
  const steps = Math.min(rounds, MOST_LOOKS - 1)
  return Array.from({ length: steps + 1 }, (_, step) => rounds + Math.floor((rounds * step) / steps))
}

/**
 * Writes the order into the folder of a recording.
 *
 * @param isRelative count rounds from the first one whose end is seen, as of a program that ran before
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

/** Variables that have every Python and every Node process of a command measure itself as the order in the folder says. */
export function heapEnvironment(folder: string, given: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return {
    [HEAP_VARIABLE]: folder,
    PYTHONPATH: joined(PYTHON_INJECTION, given.PYTHONPATH, ':'),
    NODE_OPTIONS: joined(`--require ${quoted(NODE_MODULE)}`, given.NODE_OPTIONS, ' '),
  }
}

function joined(own: string, given: string | undefined, separator: string): string {
  return given === undefined || given === '' ? own : `${own}${separator}${given}`
}

/** `NODE_OPTIONS` knows double quotes, with a backslash before one inside. */
function quoted(path: string): string {
  return /[\s"\\]/.test(path) ? `"${path.replaceAll(/["\\]/g, '\\$&')}"` : path
}

/** Has processes that outlive the recording measure no longer. */
export function endHeapOrder(folder: string): void {
  try {
    writeFileSync(join(folder, 'ended'), '')
  } catch {} // a full disk: they see that the recorder has ended
}
