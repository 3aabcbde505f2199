import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { readWeights } from '../../src/federation/tensors/safetensors/read-safetensors.js'
import { encodeWeights } from '../../src/federation/tensors/safetensors/write-safetensors.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { TOKEN } from './fake-role.js'

export interface Answer {
  status: number
  body: Record<string, unknown>
}

/**
 * A client that speaks the protocol by hand, to say what a proper one never would. One TCP connection a request, but for the
 * one that it joined with, which stays open: that is how the server knows that it is there.
 */
export async function joinByHand(url: string, name: string) {
  const presence = connect(Number(new URL(url).port), '127.0.0.1')
  presence.on('error', () => {})
  onTestFinished(() => void presence.destroy())
  const joined = await joinOn(presence, name)
  const identity = {
    'tidemark-job': joined.job,
    'tidemark-client': name,
    'tidemark-session': joined.session,
  }
  return {
    presence,
    identity,
    /** The next task; with its weights when it is to train. */
    async task(): Promise<{ headers: IncomingMessage['headers']; weights: Weights | undefined; body: string }> {
      const answer = await ask(url, { method: 'GET', path: '/v1/task', headers: identity })
      if (answer.headers['tidemark-task'] !== 'train')
        return { headers: answer.headers, weights: undefined, body: await text(answer) }
      return { headers: answer.headers, weights: await readWeights(answer, { maxBytes: 1e9 }), body: '' }
    },
    result: (claim: Claim, body: Uint8Array) => sendResult(url, identity, claim, body),
    failure: async (round: number, message: string) =>
      readAnswer(
        await ask(url, {
          method: 'POST',
          path: '/v1/failure',
          headers: { ...identity, 'tidemark-round': String(round), 'tidemark-attempt': '0' },
          body: Buffer.from(JSON.stringify({ message })),
        }),
      ),
    /** Sends the head of a result and some bytes of it, and leaves the connection to the caller. */
    async beginResult(claim: Claim, length: number, bytes: Uint8Array): Promise<Socket> {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.on('error', () => {})
      onTestFinished(() => void socket.destroy())
      await once(socket, 'connect')
      const headers = {
        ...identity,
        ...claimHeaders(claim),
        authorization: `Bearer ${TOKEN}`,
        'content-length': length,
      }
      const head = Object.entries(headers).map(([key, value]) => `${key}: ${value}`)
      socket.write(`POST /v1/result HTTP/1.1\r\nhost: x\r\n${head.join('\r\n')}\r\n\r\n`)
      await new Promise((resolve) => socket.write(bytes, resolve))
      return socket
    },
  }
}

export interface Claim {
  round: number
  attempt?: number
  examples?: number | string
}

export async function sendResult(
  url: string,
  identity: Record<string, string>,
  claim: Claim,
  body: Uint8Array,
): Promise<Answer> {
  const headers = { ...identity, ...claimHeaders(claim) }
  return readAnswer(await ask(url, { method: 'POST', path: '/v1/result', headers, body }))
}

export async function get(url: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return readAnswer(await ask(url, { method: 'GET', path, headers }))
}

export async function post(url: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return readAnswer(await ask(url, { method: 'POST', path, headers }))
}

/** A connection that has not said anything yet. */
export function openSocket(url: string, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  // What the server says on closing must be read, or the end of the connection is never seen.
  socket.resume()
  onTestFinished(() => void socket.destroy())
  return socket
}

/** All that a server says until the connection is closed, also where it is reset under what this side still writes (EPIPE). */
export async function textOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (data) => {
    text += String(data)
  })
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

/** A whole safetensors file of these weights. */
export function bytesOf(weights: Weights): Buffer {
  return Buffer.concat([...encodeWeights(weights).chunks()])
}

function claimHeaders({ round, attempt = 0, examples = 1 }: Claim): Record<string, string> {
  return {
    'tidemark-round': String(round),
    'tidemark-attempt': String(attempt),
    'tidemark-examples': String(examples),
    'tidemark-steps': '1',
  }
}

async function ask(
  url: string,
  { method, path, headers, body }: { method: string; path: string; headers: Record<string, string>; body?: Uint8Array },
): Promise<IncomingMessage> {
  const asked = request(new URL(path, url), {
    method,
    agent: false,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers, 'content-length': body?.byteLength ?? 0 },
  })
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  return { status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) as Record<string, unknown> }
}

async function joinOn(presence: Socket, name: string): Promise<{ job: string; session: string }> {
  await once(presence, 'connect')
  const head = [`authorization: Bearer ${TOKEN}`, `tidemark-client: ${name}`, 'content-length: 0', 'host: x']
  presence.write(`POST /v1/join HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
  let received = ''
  while (!received.trimEnd().endsWith('}')) received += String((await once(presence, 'data'))[0])
  return JSON.parse(received.slice(received.indexOf('\r\n\r\n'))) as { job: string; session: string }
}
