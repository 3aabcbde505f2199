import { constants, readSync, writeSync } from 'node:fs'
import { constants as system } from 'node:os'
import { loadNativeLibrary, lookUpNative, type NativeFunction } from './native-library.js'

let pread: NativeFunction | undefined
let write: NativeFunction | undefined
let open: NativeFunction | undefined
let close: NativeFunction | undefined
let statx: NativeFunction | undefined
let errno: () => number = () => 0

/**
 * From now on, in this thread, files are opened, read and written by system calls past Node's layers: at ten samples a second
 * nothing of those is in the processor's caches, and each call costs some 20 to 50 us less. A file that is not there costs
 * an exception with its stack less, which counts where every process that the machine starts is looked at. Without koffi
 * nothing changes.
 */
export function useNativeIo(): void {
  pread = lookUpNative('int pread(int, void *, size_t, long)')
  write = lookUpNative('int write(int, const void *, size_t)')
  close = lookUpNative('int close(int)')
  open = lookUpNative('int open(const char *, int)')
  statx = lookUpNative('int statx(int, const char *, int, unsigned int, void *)')
  const library = loadNativeLibrary()
  if (library.kind === 'loaded') errno = () => library.koffi.errno()
}

/**
 * Reads a kept-open file of /proc anew, from its start. The buffer is the caller's, so that nothing is allocated.
 *
 * @returns how many bytes there are
 * @throws the system's error
 */
export function readFromStart(descriptor: number, buffer: Buffer): number {
  if (pread !== undefined) {
    const length = pread(descriptor, buffer, buffer.length, 0) as number
    if (length >= 0) return length
    // Node's own reading meets the same error, and tells it as Node does.
  }
  return readSync(descriptor, buffer, 0, buffer.length, 0)
}

/**
 * Writes the first bytes of a buffer where the file stands.
 *
 * @throws the system's error; some of the bytes may then have been written
 */
export function writeWhole(descriptor: number, buffer: Buffer, length: number): void {
  let written = 0
  if (write !== undefined) written = Math.max(0, write(descriptor, buffer, length) as number)
  while (written < length) written += writeSync(descriptor, buffer, written, length - written)
}

const whole = Buffer.alloc(32_768)
const GONE: readonly number[] = [system.errno.ENOENT, system.errno.ESRCH]

/** A short file whole. Undefined where it takes Node to read it, or to tell what is wrong with it. */
export function readWholeNatively(path: string): { kind: 'read'; text: string } | { kind: 'gone' } | undefined {
  if (open === undefined || pread === undefined || close === undefined) return undefined
  const descriptor = open(path, constants.O_RDONLY | O_CLOEXEC) as number
  if (descriptor < 0) return GONE.includes(errno()) ? { kind: 'gone' } : undefined
  const length = pread(descriptor, whole, whole.length, 0) as number
  const isGone = length < 0 && GONE.includes(errno())
  close(descriptor)
  if (isGone) return { kind: 'gone' }
  return length < 0 || length === whole.length ? undefined : { kind: 'read', text: whole.toString('utf8', 0, length) }
}

/** Of every platform of Node's releases for Linux; Node itself has no name for it. */
const O_CLOEXEC = 0o2000000

const AT_FDCWD = -100
const STATX_SIZE = 0x200
/** `struct statx` is the same everywhere (statx(2)): the size in 64 bits after 40 bytes. */
const found = new BigUint64Array(32)
const SIZE = 5

/** What stat calls the size of a file or folder. Undefined where it takes Node to tell, or what is wrong. */
export function sizeNatively(path: string): number | undefined {
  if (statx === undefined || statx(AT_FDCWD, path, 0, STATX_SIZE, found) !== 0) return undefined
  return Number(found[SIZE])
}
