import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { messageOf, UsageError } from '../../../shared/errors.js'

const CHUNK_BYTES = 262_144

/** Yields the text of a file of any size in pieces; every line ends with a bare newline. */
export function* textChunks(file: string, content: Buffer | undefined): Generator<string, undefined> {
  const decoder = new StringDecoder('utf8')
  let isFirst = true
  let hasReturn = false
  for (const bytes of content === undefined ? fileChunks(file) : bufferChunks(content)) {
    let text = decoder.write(bytes)
    if (isFirst && text.length > 0) {
      text = text.replace(/^\ufeff/, '')
      isFirst = false
    }
    if (hasReturn) text = `\r${text}`
    hasReturn = text.endsWith('\r')
    yield withNewlines(hasReturn ? text.slice(0, -1) : text)
  }
  yield withNewlines(`${hasReturn ? '\n' : ''}${decoder.end()}`)
}

function withNewlines(text: string): string {
  return text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text
}

function* bufferChunks(content: Buffer): Generator<Buffer, undefined> {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) yield content.subarray(at, at + CHUNK_BYTES)
}

function* fileChunks(file: string): Generator<Buffer, undefined> {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`, { cause: error })
  }
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (let length = readSync(descriptor, chunk); length > 0; length = readSync(descriptor, chunk))
      yield chunk.subarray(0, length)
  } finally {
    closeSync(descriptor)
  }
}
