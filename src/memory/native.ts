import {
  loadNativeLibrary,
  lookUpNative,
  type NativeFunction,
  type NativeLibrary,
} from '../linux/native/native-library.js'
import { warnOnce } from './warn-once.js'

/**
 * Looks a C function up among everything that the process has loaded globally, the preloaded allocator included.
 * `declaration` is a C prototype, for example `int malloc_trim(size_t pad)`.
 *
 * Undefined when no such function is there, and when koffi cannot be loaded; the latter is said in one warning.
 */
export function findNativeFunction(declaration: string): NativeFunction | undefined {
  return load().kind === 'loaded' ? lookUpNative(declaration) : undefined
}

/** Declares a C struct, so that prototypes can name it. */
export function declareNativeStruct(name: string, members: Record<string, string>): void {
  const library = load()
  if (library.kind === 'loaded') library.koffi.struct(name, members)
}

/** False when koffi is not installed or has no build for this platform. */
export function isNativeAvailable(): boolean {
  return load().kind === 'loaded'
}

function load(): NativeLibrary {
  const library = loadNativeLibrary()
  if (library.kind === 'absent')
    warnOnce(
      `the package "koffi" could not be loaded (${library.problem}), so the C allocator cannot be told to ` +
        'return its free pages: a memory cleanup collects garbage and does no more. Install koffi to get both.',
    )
  return library
}
