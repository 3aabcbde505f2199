/** The file that a definition stands in. */
export interface DefinitionSource {
  /** For messages. */
  name: string
  /** Its text, where faults are looked up; undefined when it is no file, or nobody can read it. */
  text?: string | undefined
}

/**
 * The line, from 1, on which a key of a definition stands, or undefined when it cannot be found. The keys of the path are
 * looked for one after another, each behind the one before; one that the file does not write (`job` of a
 * `federation({ ... })`) is passed over. A definition that is put together in several places may be missed, and gets a
 * message without a line rather than with a wrong one: the last key has to be found.
 */
export function lineOf(text: string, path: readonly string[]): number | undefined {
  let from = 0
  let found: number | undefined
  for (const key of path) {
    found = placeOf(text, key, from)
    if (found !== undefined) from = found + key.length
  }
  return found === undefined ? undefined : text.slice(0, found).split('\n').length
}

/** `key:`, `'key':` or `key(`, or the key alone among others (`{ rounds, trials }`), outside of longer words. */
function placeOf(text: string, key: string, from: number): number | undefined {
  const escaped = key.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(`(?<![\\w$.])(["']?)${escaped}\\1(?=\\s*[:,}(])`, 'g')
  pattern.lastIndex = from
  return pattern.exec(text)?.index
}
