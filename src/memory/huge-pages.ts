import { loadNativeLibrary, lookUpNative, type NativeFunction } from '../linux/native/native-library.js'

/**
 * Size of a huge page on x86-64 and on ARM with pages of 4 KiB. Where huge pages are larger, the
 * kernel itself rounds.
 */
const HUGE_PAGE_BYTES = 2n * 2n ** 20n
/** Advice from madvise(2). */
const MADV_HUGEPAGE = 14

let madvise: NativeFunction | undefined

/**
 * Asks the kernel to back a large buffer that has not been written yet with huge pages. Memory that
 * was returned has to be faulted in again, and 100 MiB are 25,600 faults of 4 KiB or 50 of 2 MiB:
 * 51 ms against 29 on a virtual machine (`bench/results/kernels.md`). Nothing changes where huge
 * pages are always on, where they are off, and without koffi.
 *
 * Use it only for buffers that the allocator maps one by one: later allocations at the same address
 * would be in huge pages too.
 */
export function adviseHugePages(buffer: ArrayBufferLike): void {
  const native = loadNativeLibrary()
  if (native.kind === 'absent') return
  madvise ??= lookUpNative('int madvise(uintptr_t, size_t, int)')
  const start = BigInt(native.koffi.address(buffer))
  const from = ((start + HUGE_PAGE_BYTES - 1n) / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES
  const to = ((start + BigInt(buffer.byteLength)) / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES
  // This is only advice: a kernel without huge pages refuses it, and nothing is lost.
  if (to > from) madvise?.(from, Number(to - from), MADV_HUGEPAGE)
}
