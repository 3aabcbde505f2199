import {
  loadNativeLibrary,
  lookUpNative,
  type NativeFunction,
  type NativeLibrary,
} from '../linux/native/native-library.js'
import { warnOnce } from './warn-once.js'

/**
 * Looks up a C function among everything that the process has loaded globally, including the
 * preloaded allocator. `declaration` is a C prototype, for example `int malloc_trim(size_t pad)`.
 *
 * Returns undefined when there is no such function, or when koffi cannot be loaded, which it
 * reports in one warning.
 */
export function findNativeFunction(declaration: string): NativeFunction | undefined {
  return load().kind === 'loaded' ? lookUpNative(declaration) : undefined
}

/** Declares a C struct, so that prototypes can name it. */
export function declareNativeStruct(name: string, members: Record<string, string>): void {
  const library = load()
  if (library.kind === 'loaded') library.koffi.struct(name, members)
}

/** Returns false when koffi is not installed or has no build for this platform. */
export function isNativeAvailable(): boolean {
  return load().kind === 'loaded'
}

function load(): NativeLibrary {
  const library = loadNativeLibrary()
  if (library.kind === 'absent')
    warnOnce(
      `the package "koffi" could not be loaded (${library.problem}), so the C allocator cannot be made to ` +
        'return its free pages: a memory cleanup collects garbage and does no more. Install koffi to get both.',
    )
  return library
}
