import { printable } from '../../shared/printable.js'

type Write = (text: string) => boolean

/** Write functions that bypass the escaping, by stream. */
const raw = new WeakMap<NodeJS.WritableStream, Write>()

/**
 * Escapes all text that is written to the stream from now on, so that it cannot control the
 * terminal. Bytes are left alone, since those are the output of a measured command.
 */
export function escapeFor(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean
  raw.set(stream, (text) => write(text))
  stream.write = ((chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? printable(chunk) : chunk, ...rest)) as typeof stream.write
}

/**
 * Writes text with colours or cursor movements of our own, in which all text from outside is
 * escaped already.
 */
export function writeStyled(stream: NodeJS.WritableStream, text: string): void {
  const write = raw.get(stream)
  if (write === undefined) stream.write(text)
  else write(text)
}
