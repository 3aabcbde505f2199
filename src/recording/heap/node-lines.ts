import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConstructorGrowth } from './constructor-growth.js'
import type { GrownLine, StackFrame } from './heap-growth.js'

/**
 * A node of V8's sampled heap profile. Lines count from 0 and are those of the function, not of the
 * allocation.
 */
interface ProfileNode {
  callFrame: { functionName: string; url: string; lineNumber: number }
  selfSize: number
  children: ProfileNode[]
}

/** Returns what is live in V8's heap at each look, by line of the program's code. */
export function nodeLines(
  folder: string,
  files: readonly string[],
  { depth, ignore }: { depth: number; ignore: readonly string[] },
): GrownLine[] {
  const lines = new Map<string, GrownLine & { byStack: Map<string, { bytes: number; stack: StackFrame[] }> }>()
  files.forEach((file, look) => {
    const head = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileNode | null
    if (head === null) return
    walk(head, [], (stack, bytes) => {
      const at = nearest(stack, ignore)
      if (at === undefined) return
      const kept = stack.slice(at, at + depth)
      const [frame] = kept as [StackFrame]
      const key = `${frame.file}:${frame.line}`
      let line = lines.get(key)
      if (line === undefined) {
        line = { ...emptyLine(frame, files.length), byStack: new Map() }
        lines.set(key, line)
      }
      line.liveBytes[look]! += bytes
      const sign = look === 0 ? -1 : look === files.length - 1 ? 1 : 0
      const stackKey = kept.map(({ file, line }) => `${file}:${line}`).join('\n')
      const one = line.byStack.get(stackKey) ?? { bytes: 0, stack: kept }
      one.bytes += sign * bytes
      line.byStack.set(stackKey, one)
    })
  })
  return [...lines.values()]
    .map(({ byStack, ...line }) => {
      const stacks = [...byStack.values()].sort((a, b) => b.bytes - a.bytes)
      const bytes = line.liveBytes.at(-1)! - line.liveBytes[0]!
      return { ...line, bytes, stack: stacks[0]!.stack, stacks: stacks.filter((one) => one.bytes > 0).slice(0, 20) }
    })
    .sort((a, b) => b.bytes - a.bytes)
}

/**
 * Returns the growth outside V8's heap, which has no line. It is named by the constructor of the
 * objects that hold it.
 */
export function bufferLine(constructors: readonly ConstructorGrowth[], liveBytes: number[]): GrownLine | undefined {
  const bytes = liveBytes.at(-1)! - liveBytes[0]!
  const holder = constructors.find(
    ({ name }) => /^(Array)?Buffer$|^SharedArrayBuffer$|^DataView$|Array$/.test(name) && name !== 'Array',
  )
  if (holder === undefined || bytes <= 0) return undefined
  return constructorLine({ name: holder.name, objects: holder.objects, bytes, liveBytes, path: holder.path ?? '' })
}

/** Returns memory of which only the constructor of the objects that hold it is known, as a line. */
export function constructorLine({
  name,
  path,
  ...known
}: { name: string; path: string } & Pick<GrownLine, 'bytes' | 'objects' | 'liveBytes'>): GrownLine {
  return { file: null, line: null, function: name, text: path, ...known, kind: 'v8', stack: [], stacks: [] }
}

function emptyLine(frame: StackFrame, looks: number): GrownLine {
  return {
    ...frame,
    text: textOf(frame),
    bytes: 0,
    objects: 0,
    kind: 'v8',
    liveBytes: Array.from({ length: looks }, () => 0),
    stack: [],
    stacks: [],
  }
}

/** Calls back for every node that holds something, with its stack, innermost first. */
function walk(node: ProfileNode, callers: StackFrame[], onNode: (stack: StackFrame[], bytes: number) => void): void {
  const { functionName, url, lineNumber } = node.callFrame
  const frame = { file: pathOf(url), line: lineNumber + 1, function: functionName || '(anonymous)' }
  const stack = [frame, ...callers]
  if (node.selfSize > 0) onNode(stack, node.selfSize)
  for (const child of node.children) walk(child, stack, onNode)
}

function pathOf(url: string): string {
  if (!url.startsWith('file:')) return url
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}

/**
 * Returns the index of the program's own frame that is nearest to the allocation, else of a
 * package's.
 */
function nearest(stack: readonly StackFrame[], ignore: readonly string[]): number | undefined {
  const isOwn = ({ file }: StackFrame) =>
    file.startsWith('/') && !file.endsWith('/inside-node.cjs') && !isIgnored(file, ignore)
  const own = stack.findIndex((frame) => isOwn(frame) && !frame.file.includes('/node_modules/'))
  if (own >= 0) return own
  const packaged = stack.findIndex(isOwn)
  return packaged >= 0 ? packaged : undefined
}

function isIgnored(file: string, ignore: readonly string[]): boolean {
  return ignore.some((name) => (name.includes('/') ? file.startsWith(name) : file.split('/').includes(name)))
}

const texts = new Map<string, string[]>()

function textOf({ file, line }: StackFrame): string {
  let lines = texts.get(file)
  if (lines === undefined) {
    try {
      lines = readFileSync(file, 'utf8').split('\n')
    } catch {
      lines = [] // compiled in memory, or gone
    }
    texts.set(file, lines)
  }
  return (lines[line - 1] ?? '').trim().slice(0, 200)
}
