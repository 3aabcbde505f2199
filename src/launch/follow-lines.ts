import { StringDecoder } from 'node:string_decoder'
import { type FollowedFile, type FollowOptions, followFile } from './follow-file.js'

/**
 * Characters that are kept of a line that has not ended. A program that never ends its line must
 * not fill the memory, and no line of interest is longer.
 */
const LONGEST_LINE = 2 ** 20

/**
 * Calls `onLine` for every complete line of a file, first those already there, then each as it is
 * appended. A last line waits for its newline.
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
