import { StringDecoder } from 'node:string_decoder'
import { type FollowedFile, type FollowOptions, followFile } from './follow-file.js'

/** A program that never ends its line must not fill the memory; no line that is looked for is longer. */
const LONGEST_LINE = 2 ** 20

/**
 * Calls `onLine` for every whole line of a file, those already there first, then each as it is appended. A last line
 * without its newline waits until it has one.
 */
export function followLines(path: string, onLine: (line: string) => void, options: FollowOptions = {}): FollowedFile {
  const decoder = new StringDecoder('utf8')
  let partial = ''
  return followFile(
    path,
    (chunk) => {
      const lines = (partial + decoder.write(chunk)).split('\n')
      partial = lines.pop()!.slice(0, LONGEST_LINE)
      for (const line of lines) onLine(line)
    },
    options,
  )
}
