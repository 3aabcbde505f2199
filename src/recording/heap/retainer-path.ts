import type { parse } from 'heap-snapshot-toolkit'

export type Snapshot = Awaited<ReturnType<typeof parse>>
type Node = ReturnType<Snapshot['createNode']>

/** Maximum number of references of a path; longer ones are those of linked lists. */
const LONGEST_PATH = 24

/**
 * Returns the shortest chain of references by which a root keeps an object, as it would stand in
 * the program's source: `globalThis.sessions[]`. Indexes are left out, so that the objects of one
 * array have one path.
 *
 * @param nodeIndex index of the object in the snapshot's nodes
 * @returns null if only weak references lead to it, or the chain is longer than 24
 */
export function retainerPath(snapshot: Snapshot, nodeIndex: number): string | null {
  const steps: string[] = []
  let node: Node = snapshot.createNode(nodeIndex)
  while (node.distance() > 1) {
    const nearest = nearestRetainer(node)
    if (nearest === undefined || steps.length === LONGEST_PATH) return null
    steps.unshift(nearest.step)
    node = snapshot.createNode(nearest.index)
  }
  return `${rootName(node)}${steps.join('')}`
}

function nearestRetainer(node: Node): { step: string; index: number } | undefined {
  let found: { step: string; index: number; distance: number } | undefined
  for (const all = node.retainers(); all.hasNext(); all.next()) {
    const { retainer } = all
    if (retainer.isWeak()) continue
    const distance = retainer.node().distance()
    if (distance >= (found?.distance ?? node.distance())) continue
    found = { step: stepOf(retainer.type(), retainer.name()), index: retainer.nodeIndex(), distance }
  }
  return found
}

/**
 * Returns a reference as source text. Properties and variables of a closure have names; V8's own
 * references between the parts of one object have none in a program.
 */
function stepOf(type: string, name: string): string {
  if (type === 'element' || /^\d+$/.test(name)) return '[]'
  if (type === 'property' || type === 'context') return `.${name}`
  return ''
}

/**
 * The global object is called by a different name in each release of V8, and from Node 26 on it is
 * reached through the context that it belongs to.
 */
function rootName(node: Node): string {
  const name = node.name()
  return /^(global|Object|Window)( \/|$)|^global|^system \/ NativeContext/i.test(name) ? 'globalThis' : name
}
