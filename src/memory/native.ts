import { createRequire } from 'node:module'
import { messageOf } from '../errors.js'
import { warnOnce } from './warn-once.js'

/** A function of the process's C libraries. Numbers, booleans and typed arrays go in; a number or a plain object comes out. */
export type NativeFunction = (...args: unknown[]) => unknown

type Koffi = typeof import('koffi')

let loaded: { koffi: Koffi; process: ReturnType<Koffi['load']> } | null | undefined

/**
 * Looks a C function up among everything that the process has loaded globally, the preloaded allocator included, as dlsym
 * does. `declaration` is a C prototype, for example `int malloc_trim(size_t pad)`.
 *
 * Undefined when no such function is there, and when koffi cannot be loaded; the latter is said in one warning. koffi is
 * loaded by the first call and not before: it adds about 4 MB to RSS.
 */
export function findNativeFunction(declaration: string): NativeFunction | undefined {
  const native = loadKoffi()
  if (!native) return undefined
  try {
    return native.process.func(declaration)
  } catch {
    // koffi cannot be asked whether a symbol exists: looking up one that does not throws.
    return undefined
  }
}

/** Declares a C struct, so that prototypes can name it. */
export function declareNativeStruct(name: string, members: Record<string, string>): void {
  loadKoffi()?.koffi.struct(name, members)
}

/** False when koffi is not installed or has no build for this platform. */
export function isNativeAvailable(): boolean {
  return loadKoffi() !== null
}

function loadKoffi(): NonNullable<typeof loaded> | null {
  if (loaded !== undefined) return loaded
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    loaded = { koffi, process: koffi.load(null) }
  } catch (error) {
    // Not installed, or without a build for this platform; either way the rest of Tidemark works without it.
    loaded = null
    warnOnce(
      `the package "koffi" could not be loaded (${firstLine(messageOf(error))}), so the C allocator cannot be told to ` +
        'return its free pages: a memory cleanup collects garbage and does no more. Install koffi to get both.',
    )
  }
  return loaded
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
