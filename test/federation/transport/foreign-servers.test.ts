/** A client at an address where something else than a Tidemark server answers. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { runClient } from '../../../src/federation/client/client.js'
import { TidemarkError } from '../../../src/shared/errors.js'
import { fakeRole } from '../fake-role.js'
import { clientSettings } from '../settings.js'

const json = (text: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`

const ANSWERS: [what: string, answer: string, message: RegExp][] = [
  ['a web page', json('<html></html>'), /answered as no Tidemark server does: a JSON object was expected/],
  ['JSON that is too long', json(`"${'x'.repeat(70_000)}"`), /answered as no Tidemark server does: .*65536 bytes/],
  ['JSON that nests 30,000 levels', json('['.repeat(30_000)), /answered as no Tidemark server does/],
  ['a redirection', `HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n`, /answered as no Tidemark server/],
  ['an error page', json('no').replace('200 OK', '500 Oops'), /answered as no Tidemark server does/],
  ['bytes that are not HTTP', '\x00\xff\r\n\r\n', /could not reach the server at .*HPE_/],
  ['headers of 1 MB', `HTTP/1.1 200 OK\r\n${`a: ${'x'.repeat(1000)}\r\n`.repeat(1000)}\r\n`, /HPE_HEADER_OVERFLOW/],
  ['settings of nothing', json('{"__proto__":{"rounds":1},"settings":{"rounds":-1}}'), /the server sent \w+ = /],
]

it.each(ANSWERS)('%s is named, and tried once', async (_what, answer, message) => {
  let requests = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      requests++
      socket.end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const echo = async () => ({ train: async () => ({ weights: undefined as never, numExamples: 1, steps: 1 }) })
  const done = runClient(clientSettings({ server: url, connectDeadlineMs: 10_000 }), echo, fakeRole())
  await expect(done).rejects.toThrow(TidemarkError)
  await expect(done).rejects.toThrow(message)
  expect(requests).toBe(1)
})
