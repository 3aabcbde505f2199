import { createRequire } from 'node:module'
import { messageOf } from '../../shared/errors.js'

type Koffi = typeof import('koffi')

/**
 * A function of the process's C libraries. It takes numbers, booleans and typed arrays, and returns
 * a number or a plain object.
 */
export type NativeFunction = (...args: unknown[]) => unknown

export type NativeLibrary =
  | { kind: 'loaded'; koffi: Koffi; process: ReturnType<Koffi['load']> }
  | { kind: 'absent'; problem: string }

let loaded: NativeLibrary | undefined

/**
 * Returns access to everything that the process has loaded globally, as dlsym sees it. Absent where
 * koffi is not installed or has no build for this platform. Only the first call loads koffi,
 * because it adds about 4 MB to RSS.
 */
export function loadNativeLibrary(): NativeLibrary {
  loaded ??= load()
  return loaded
}

/**
 * Looks up a C function. `declaration` is a C prototype, for example `int malloc_trim(size_t pad)`.
 * Undefined where there is no such function, or no koffi.
 */
export function lookUpNative(declaration: string): NativeFunction | undefined {
  const library = loadNativeLibrary()
  if (library.kind === 'absent') return undefined
  try {
    return library.process.func(declaration)
  } catch {
    // koffi cannot say whether a symbol exists: it throws for one that does not.
    return undefined
  }
}

function load(): NativeLibrary {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    return { kind: 'loaded', koffi, process: koffi.load(null) }
  } catch (error) {
    return { kind: 'absent', problem: messageOf(error).split('\n', 1)[0] ?? '' }
  }
}
