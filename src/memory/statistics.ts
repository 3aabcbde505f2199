import { type AllocatorName, getAllocator } from './allocator.js'
import { declareNativeStruct, findNativeFunction } from './native.js'

/**
 * Counters of V8 and the C allocator. They show who holds memory, not how much of it is resident.
 */
export interface MemoryStatistics {
  rssBytes: number
  /** JavaScript objects in use; `heapTotalBytes` is the heap that V8 holds for them. */
  heapUsedBytes: number
  heapTotalBytes: number
  /**
   * Contents of array buffers and Buffers, including those not yet collected. The C allocator holds
   * them.
   */
  arrayBufferBytes: number
  /** Null for an allocator whose counters are not known here, and without koffi. */
  allocator: AllocatorStatistics | null
}

export interface AllocatorStatistics {
  name: AllocatorName
  /** Bytes handed out to the program and not freed. */
  allocatedBytes: number
  /**
   * Bytes taken from the system, including free pages. Not all of them need be resident: glibc does
   * not subtract what it trimmed.
   */
  heldBytes: number
}

/**
 * Reads the counters of V8 and of the allocator.
 *
 * Under glibc this walks every free chunk and takes from 7 us to 40 ms, depending on their number.
 * It is therefore unsuitable for a tight loop. The counters overstate what a purge can return (1450
 * MB free, none of it returnable, has been seen): measure that with `splitRssByGiveBack`.
 */
export function readMemoryStatistics(): MemoryStatistics {
  const { rss, heapUsed, heapTotal, arrayBuffers } = process.memoryUsage()
  return {
    rssBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    arrayBufferBytes: arrayBuffers,
    allocator: readAllocatorStatistics(),
  }
}

type Counters = Omit<AllocatorStatistics, 'name'>

let readCounters: (() => Counters) | null | undefined

function readAllocatorStatistics(): AllocatorStatistics | null {
  const name = getAllocator()
  readCounters ??= COUNTERS[name]?.() ?? null
  return readCounters && { name, ...readCounters() }
}

const COUNTERS: Partial<Record<AllocatorName, () => (() => Counters) | undefined>> = {
  glibc: findMallinfo,
  jemalloc: findJemallocStats,
  tcmalloc: findTcmallocProperties,
}

/**
 * Finds mallinfo2, which glibc has from 2.33 on; the older mallinfo counts in ints and wraps at 2
 * GiB.
 */
function findMallinfo(): (() => Counters) | undefined {
  const members = [
    'arena',
    'ordblks',
    'smblks',
    'hblks',
    'hblkhd',
    'usmblks',
    'fsmblks',
    'uordblks',
    'fordblks',
    'keepcost',
  ] as const
  declareNativeStruct('mallinfo2', Object.fromEntries(members.map((member) => [member, 'size_t'])))
  const mallinfo = findNativeFunction('mallinfo2 mallinfo2()')
  if (!mallinfo) return undefined
  return () => {
    const info = mallinfo() as Record<(typeof members)[number], number>
    // hblkhd counts blocks so large that each has a mapping of its own. They are in no arena.
    return { allocatedBytes: info.uordblks + info.hblkhd, heldBytes: info.arena + info.hblkhd }
  }
}

function findJemallocStats(): (() => Counters) | undefined {
  const control = findNativeFunction('int mallctl(const char *name, void *old, void *oldSize, void *fresh, size_t)')
  if (!control) return undefined
  const read = (name: string): number => {
    const value = new BigUint64Array(1)
    control(name, value, BigUint64Array.of(8n), null, 0)
    return Number(value[0])
  }
  return () => {
    // jemalloc updates its counters only when the epoch advances.
    control('epoch', null, null, BigUint64Array.of(1n), 8)
    return { allocatedBytes: read('stats.allocated'), heldBytes: read('stats.resident') }
  }
}

function findTcmallocProperties(): (() => Counters) | undefined {
  const property = findNativeFunction('int MallocExtension_GetNumericProperty(const char *name, void *value)')
  if (!property) return undefined
  const read = (name: string): number => {
    const value = new BigUint64Array(1)
    property(name, value)
    return Number(value[0])
  }
  return () => ({
    allocatedBytes: read('generic.current_allocated_bytes'),
    heldBytes: read('generic.heap_size') - read('tcmalloc.pageheap_unmapped_bytes'),
  })
}
