/** Servers that answer a request before they have read it. A client waits for nothing that may never come. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Connection } from '../../../src/federation/transport/http-client.js'

const BODY_BYTES = 64 * 2 ** 20
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'

/** A server on a raw socket; `serve` is called with each connection. */
async function startRaw(serve: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const connection = new Connection({ url, token: 'x', idleMs: 500, signal: controller.signal })
  onTestFinished(() => connection.close())
  return connection
}

const upload = (askFirst = false) => ({
  method: 'POST' as const,
  path: '/',
  headers: {},
  askFirst,
  body: { byteLength: BODY_BYTES, chunks: () => Array.from({ length: 64 }, () => new Uint8Array(BODY_BYTES / 64)) },
})
const question = { method: 'GET' as const, path: '/', headers: {} }

it('an answer in the middle of an upload ends neither the upload nor the requests behind it', async () => {
  let received = 0
  let isAnswered = false
  const connection = await startRaw((socket) => {
    socket.on('data', (data) => {
      received += data.length
      if (!isAnswered) {
        isAnswered = true
        // What the client still has to send waits until it has read the whole answer.
        socket.pause()
        socket.write(ANSWER, () => setTimeout(() => socket.resume(), 100))
      } else if (received > BODY_BYTES && String(data.subarray(-4)) === '\r\n\r\n') socket.write(ANSWER)
    })
  })
  expect(await connection.requestJson(upload())).toEqual({})
  expect(await connection.requestJson(question)).toEqual({})
  expect(received).toBeGreaterThan(BODY_BYTES)
})

it('a server that answers in the middle of an upload, and reads no more, is left for a new connection', async () => {
  let connections = 0
  const connection = await startRaw((socket) => {
    connections++
    socket.once('data', () => {
      if (connections === 1) socket.pause()
      socket.write(ANSWER)
    })
  })
  expect(await connection.requestJson(upload())).toEqual({})
  expect(await connection.requestJson(question)).toEqual({})
  expect(connections).toBe(2)
})

it('a server that answers instead of asking for the body is left for a new connection', async () => {
  let connections = 0
  const connection = await startRaw((socket) => {
    connections++
    socket.once('data', () => socket.write(ANSWER))
  })
  expect(await connection.requestJson(upload(true))).toEqual({})
  expect(await connection.requestJson(question)).toEqual({})
  expect(connections).toBe(2)
})

it('a server that never answers, never continues reading, or never asks for the body, is given up', async () => {
  const silent = await startRaw((socket) => void socket.resume())
  await expect(silent.requestJson(question)).rejects.toThrow('the server was silent for 500 ms')
  await expect(silent.requestJson(upload(true))).rejects.toThrow('the server was silent for 500 ms')
  const deaf = await startRaw((socket) => void socket.pause())
  await expect(deaf.requestJson(upload())).rejects.toThrow('the server was silent for 500 ms')
})

it('an answer that stops in its middle is given up', async () => {
  const connection = await startRaw((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{'))
  })
  await expect(connection.requestJson(question)).rejects.toThrow()
})
