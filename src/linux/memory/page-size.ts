import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'

/** AT_PAGESZ of getauxval(3): the kernel hands every program its page size in the auxiliary vector. */
const AT_PAGESZ = 6n

let known: number | undefined

/** Bytes of a page of memory: 4096 on x86-64, up to 65536 on some arm64. Read once; Node has no sysconf. */
export function pageSizeBytes(): number {
  known ??= readPageSize(readFileSync('/proc/self/auxv'))
  return known
}

/** The vector is pairs of machine words, type and value; 64-bit, as is every platform of Node's releases for Linux. */
function readPageSize(vector: Buffer): number {
  const wordAt = (offset: number) =>
    endianness() === 'LE' ? vector.readBigUInt64LE(offset) : vector.readBigUInt64BE(offset)
  for (let offset = 0; offset + 16 <= vector.length; offset += 16)
    if (wordAt(offset) === AT_PAGESZ) return Number(wordAt(offset + 8))
  throw new Error('the auxiliary vector of this process names no page size')
}
