import { connect } from 'node:net'
import { systemErrorCode } from '../../shared/errors.js'

/** Length to which a name is padded: a full-length name is the same whether or not a side pads. */
const NAME_LENGTH = 107
const LONGEST_ANSWER = 4096

/**
 * Asks over a Unix socket with an abstract name.
 *
 * @returns everything received until the other side closes, or what came before a failure or
 *   timeout
 */
export async function askSocket(name: string, question: string, withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ path: `\0${name.padEnd(NAME_LENGTH, '-')}` })
    socket.setTimeout(withinMs, () => socket.destroy())
    socket.on('connect', () => socket.write(question))
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.length > LONGEST_ANSWER) socket.destroy()
    })
    socket.on('error', (error) => {
      if (systemErrorCode(error) === undefined) reject(error)
    })
    socket.on('close', () => resolve(answer))
  })
}
