import { createReadStream } from 'node:fs'
import { messageOf, TidemarkError } from '../../shared/errors.js'

/** How many objects of one constructor there were more in the second heap than in the first, and how much they hold. */
export interface ConstructorGrowth {
  name: string
  objects: number
  /** Of the objects themselves. */
  selfBytes: number
  /** What would be free if they were gone: themselves, and all that only they refer to. */
  retainedBytes: number
}

/**
 * What grew between two heap snapshots of one program, by constructor, the most retained bytes first. Bytes of objects that hold each
 * other count for both, so the rows do not add up. What is V8's own is left out.
 *
 * @param before a file as V8 writes it, `.heapsnapshot`
 * @throws TidemarkError when one of them is not whole
 */
export async function constructorGrowth(before: string, after: string): Promise<ConstructorGrowth[]> {
  // One after the other: a parsed snapshot takes about twenty times the size of its file.
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

/** `(compiled code)`, `system / Context`: nobody can look for them in a program. */
const OF_THE_ENGINE = /^(\(|system \/ )/

/** Constructors of the same name from different places of the code have keys of their own. */
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
