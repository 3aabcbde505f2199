/** The file that holds a definition. */
export interface DefinitionSource {
  /** Name for messages. */
  name: string
  /** Text in which faults are located; undefined if there is no file, or it cannot be read. */
  text?: string | undefined
}

/**
 * Returns the line, from 1, of a key of a definition, or undefined if it cannot be found. The keys
 * of the path are searched in turn, each after the one before; a key that the file does not write
 * (`job` of a `federation({ ... })`) is skipped. The last key has to be found, so a definition that
 * is assembled from several places gets a message without a line rather than with a wrong one.
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

/**
 * Finds `key:`, `'key':` or `key(`, or the key alone among others (`{ rounds, trials }`), outside
 * longer words.
 */
function placeOf(text: string, key: string, from: number): number | undefined {
  const escaped = key.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(`(?<![\\w$.])(["']?)${escaped}\\1(?=\\s*[:,}(])`, 'g')
  pattern.lastIndex = from
  return pattern.exec(text)?.index
}
