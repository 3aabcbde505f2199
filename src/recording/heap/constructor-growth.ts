import { createReadStream, statSync } from 'node:fs'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { formatBytes } from '../../shared/units.js'
import { retainerPath, type Snapshot } from './retainer-path.js'

/**
 * How many more objects of one constructor the second heap has than the first, and how much they
 * hold.
 */
export interface ConstructorGrowth {
  name: string
  objects: number
  /** Bytes of the objects themselves. */
  selfBytes: number
  /**
   * Bytes that would be freed with the objects: their own, and those of everything that only they
   * refer to.
   */
  retainedBytes: number
  /**
   * How a root keeps one of the new objects, see `retainerPath`; null for constructors that grew
   * less than others.
   */
  path: string | null
}

/** Larger snapshots would take more memory to read than most machines have left. */
const LARGEST_FILE = 2 ** 30

/** Number of constructors whose paths are looked up, those with the most growth. */
const MOST_PATHS = 20

/** Number of objects of one constructor whose paths are compared: the largest, and others. */
const LARGEST_OBJECTS = 10
const SAMPLED_OBJECTS = 60

/** What two heap snapshots of one program show. */
export interface SnapshotGrowth {
  /**
   * By constructor, the most retained bytes first. One with a single new object, or none, stands
   * where the bytes put it that it holds without another object between. Bytes of objects that hold
   * each other count for both, so the rows do not add up. V8's own objects are left out.
   */
  constructors: ConstructorGrowth[]
  /**
   * Growth in bytes of what the objects of each constructor hold without another object between,
   * such as their elements and buffers. These add up to the growth of the heap.
   */
  heldBytes: Map<string, number>
}

/**
 * Compares two heap snapshots of one program.
 *
 * @param before a file as V8 writes it, `.heapsnapshot`
 * @throws TidemarkError if one of them is incomplete
 */
export async function constructorGrowth(before: string, after: string): Promise<SnapshotGrowth> {
  // Read one after the other: a parsed snapshot takes about twenty times the size of its file.
  const first = await earlierOf(before)
  return read(after, (snapshot) => {
    const heldBytes = heldByConstructor(snapshot)
    for (const [name, bytes] of first.heldBytes) heldBytes.set(name, (heldBytes.get(name) ?? 0) - bytes)
    // One object more is often work under way, such as a request, which holds the whole program. A
    // program that fills one array has no object more. Either counts for what it holds itself.
    const weight = ({ name, objects, retainedBytes }: { name: string; objects: number; retainedBytes: number }) =>
      objects > 1 ? retainedBytes : Math.min(retainedBytes, heldBytes.get(name) ?? 0)
    const grown = [...classesOf(snapshot)]
      .map(([key, { name, count, self, maxRet, idxs }]) => {
        const earlier = first.classes.get(key) ?? { count: 0, self: 0, maxRet: 0 }
        return {
          name,
          objects: count - earlier.count,
          selfBytes: self - earlier.self,
          retainedBytes: maxRet - earlier.maxRet,
          indexes: idxs,
        }
      })
      .filter((one) => weight(one) > 0 && !OF_THE_ENGINE.test(one.name))
      .sort((a, b) => weight(b) - weight(a))
    const constructors = grown.map(({ indexes, ...one }, place) => ({
      ...one,
      path: place < MOST_PATHS ? pathOfGrowth(snapshot, { ...one, indexes }, first.lastId) : null,
    }))
    return { constructors, heldBytes }
  })
}

/**
 * V8's own entries, such as `(compiled code)` and `system / Context`, which do not appear in a
 * program's source.
 */
const OF_THE_ENGINE = /^(\(|system \/ )/

type Aggregate = ReturnType<Snapshot['aggregatesWithFilter']>[string]

/** Classes with the same name from different places in the code have different keys. */
function classesOf(snapshot: Snapshot): Map<string, Aggregate> {
  return new Map(
    Object.entries(snapshot.aggregatesWithFilter({} as Parameters<typeof snapshot.aggregatesWithFilter>[0])),
  )
}

interface Earlier {
  classes: Map<string, { count: number; self: number; maxRet: number }>
  heldBytes: Map<string, number>
  /** Id of the newest object; V8 counts them up, so that later ones have higher ids. */
  lastId: number
}

async function earlierOf(file: string): Promise<Earlier> {
  return read(file, (snapshot) => {
    const classes = classesOf(snapshot)
    let lastId = 0
    for (const { idxs } of classes.values())
      for (const index of idxs) {
        const id = snapshot.createNode(index).id()
        // Even ids are of memory outside of V8, and made of its address.
        if (id % 2 === 1) lastId = Math.max(lastId, id)
      }
    return {
      classes: new Map([...classes].map(([key, { count, self, maxRet }]) => [key, { count, self, maxRet }])),
      heldBytes: heldByConstructor(snapshot),
      lastId,
    }
  })
}

/**
 * Returns the bytes of all nodes, each counted for the nearest object in its chain of dominators
 * whose constructor stands in a program's source.
 */
function heldByConstructor(snapshot: Snapshot): Map<string, number> {
  const fields = snapshot.nodeFieldCount
  const root = snapshot.rootNodeIndex
  const held = new Map<string, number>()
  const owners: (string | undefined)[] = new Array(snapshot.nodeCount)
  const ownerOf = (index: number): string => {
    const chain: number[] = []
    let owner: string | undefined
    for (let at = index; owner === undefined; ) {
      const node = snapshot.createNode(at)
      const name = node.className()
      owner = owners[at / fields] ?? (OF_THE_ENGINE.test(name) && at !== root ? undefined : name)
      chain.push(at)
      if (at === root) owner ??= name
      else at = node.dominatorIndex()
    }
    for (const at of chain) owners[at / fields] = owner
    return owner
  }
  for (let ordinal = 0; ordinal < snapshot.nodeCount; ordinal++) {
    const node = snapshot.createNode(ordinal * fields)
    const owner = ownerOf(ordinal * fields)
    held.set(owner, (held.get(owner) ?? 0) + node.selfSize())
  }
  return held
}

/**
 * Returns the path by which most of the growth is kept: that of the new objects which hold most,
 * or, where an earlier object grew, its own. Some new objects are at work at this moment, and kept
 * by that.
 */
function pathOfGrowth(
  snapshot: Snapshot,
  { indexes, retainedBytes }: { indexes: readonly number[]; retainedBytes: number },
  lastId: number,
): string | null {
  const bytesOf = (index: number) => snapshot.createNode(index).retainedSize()
  const fresh = indexes.filter((index) => snapshot.createNode(index).id() > lastId)
  const freshBytes = fresh.reduce((sum, index) => sum + bytesOf(index), 0)
  const bySize = (a: number, b: number) => bytesOf(b) - bytesOf(a)
  const isOfNew = freshBytes >= retainedBytes / 2
  const shown = isOfNew ? fresh.sort(bySize) : [...indexes].sort(bySize).slice(0, 1)
  // Of many, the largest and a sample of the others, which stands for them all.
  const step = Math.ceil(Math.max(1, shown.length - LARGEST_OBJECTS) / SAMPLED_OBJECTS)
  const bytesByPath = new Map<string, number>()
  for (let place = 0; place < shown.length; place += place < LARGEST_OBJECTS ? 1 : step) {
    const index = shown[place]!
    const path = retainerPath(snapshot, index)
    const bytes = bytesOf(index) * (place < LARGEST_OBJECTS ? 1 : step)
    if (path !== null) bytesByPath.set(path, (bytesByPath.get(path) ?? 0) + bytes)
  }
  return [...bytesByPath].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null
}

/** @throws TidemarkError if the file cannot be read */
async function read<T>(file: string, use: (snapshot: Snapshot) => T): Promise<T> {
  try {
    const { size } = statSync(file)
    if (size > LARGEST_FILE)
      throw new TidemarkError(
        `the heap snapshot ${file} has ${formatBytes(size)}, and ${formatBytes(LARGEST_FILE)} is the most that is compared by constructor. Chrome's developer tools open it`,
      )
    const { parse } = await import('heap-snapshot-toolkit')
    return use(await parse(createReadStream(file, 'utf8')))
  } catch (error) {
    if (error instanceof TidemarkError) throw error
    throw new TidemarkError(`cannot read the heap snapshot ${file}: ${messageOf(error)}`, {
      cause: error,
      fix: 'It may not be whole: the program has to live until it is written.',
    })
  }
}
