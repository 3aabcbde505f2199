import { createReadStream } from 'node:fs'
import { messageOf, TidemarkError } from '../../shared/errors.js'

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
}

/**
 * Compares two heap snapshots of one program by constructor, the most retained bytes first. Bytes
 * of objects that hold each other count for both, so the rows do not add up. V8's own objects are
 * left out.
 *
 * @param before a file as V8 writes it, `.heapsnapshot`
 * @throws TidemarkError if one of them is incomplete
 */
export async function constructorGrowth(before: string, after: string): Promise<ConstructorGrowth[]> {
  // Read one after the other: a parsed snapshot takes about twenty times the size of its file.
  const first = await constructorsOf(before)
  const second = await constructorsOf(after)
  const growth = [...second].map(([key, { name, objects, selfBytes, retainedBytes }]) => {
    const earlier = first.get(key) ?? { objects: 0, selfBytes: 0, retainedBytes: 0 }
    return {
      name,
      objects: objects - earlier.objects,
      selfBytes: selfBytes - earlier.selfBytes,
      retainedBytes: retainedBytes - earlier.retainedBytes,
    }
  })
  return growth
    .filter(({ name, objects, retainedBytes }) => objects > 0 && retainedBytes > 0 && !OF_THE_ENGINE.test(name))
    .sort((a, b) => b.retainedBytes - a.retainedBytes)
}

/**
 * V8's own entries, such as `(compiled code)` and `system / Context`, which do not appear in a
 * program's source.
 */
const OF_THE_ENGINE = /^(\(|system \/ )/

/**
 * Reads the constructors of a snapshot. Those with the same name from different places in the code
 * have different keys.
 */
async function constructorsOf(file: string): Promise<Map<string, ConstructorGrowth>> {
  try {
    const { parse } = await import('heap-snapshot-toolkit')
    const snapshot = await parse(createReadStream(file, 'utf8'))
    const all = snapshot.aggregatesWithFilter({} as Parameters<typeof snapshot.aggregatesWithFilter>[0])
    return new Map(
      Object.entries(all).map(([key, { name, count, self, maxRet }]) => [
        key,
        { name, objects: count, selfBytes: self, retainedBytes: maxRet },
      ]),
    )
  } catch (error) {
    throw new TidemarkError(`cannot read the heap snapshot ${file}: ${messageOf(error)}`, {
      cause: error,
      fix: 'It may not be whole: the program has to live until it is written.',
    })
  }
}
