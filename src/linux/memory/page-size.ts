import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'

/**
 * Type of the page size's entry in the auxiliary vector, which the kernel hands to every program:
 * AT_PAGESZ of getauxval(3).
 */
const AT_PAGESZ = 6n

let known: number | undefined

/**
 * Returns the size of a page of memory: 4096 bytes on x86-64, up to 65536 on some arm64. It is read
 * once, from the auxiliary vector, since Node has no sysconf.
 */
export function pageSizeBytes(): number {
  known ??= readPageSize(readFileSync('/proc/self/auxv'))
  return known
}

/**
 * Reads the page size from the vector, which is pairs of machine words, type and value. They are
 * 64-bit on every Linux platform that Node releases for.
 */
function readPageSize(vector: Buffer): number {
  const wordAt = (offset: number) =>
    endianness() === 'LE' ? vector.readBigUInt64LE(offset) : vector.readBigUInt64BE(offset)
  for (let offset = 0; offset + 16 <= vector.length; offset += 16)
    if (wordAt(offset) === AT_PAGESZ) return Number(wordAt(offset + 8))
  throw new Error('the auxiliary vector of this process names no page size')
}
