import { printable } from '../../shared/printable.js'

type Write = (text: string) => boolean

/** What writes to a stream past the escaping, by stream. */
const raw = new WeakMap<NodeJS.WritableStream, Write>()

/**
 * From now on no text that is written to the stream can steer a terminal, wherever it came from. Bytes are left alone: those are
 * what a measured command prints.
 */
export function escapeFor(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean
  raw.set(stream, (text) => write(text))
  stream.write = ((chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? printable(chunk) : chunk, ...rest)) as typeof stream.write
}

/** Writes text with colours or cursor movements of our own, in which all that others wrote is escaped already. */
export function writeStyled(stream: NodeJS.WritableStream, text: string): void {
  const write = raw.get(stream)
  if (write === undefined) stream.write(text)
  else write(text)
}
