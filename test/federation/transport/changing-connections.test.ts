import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Connection } from '../../../src/federation/transport/http-client.js'
import { listen } from '../../../src/federation/transport/http-server.js'
import { readDirectly } from '../../../src/federation/transport/split-connection/direct-socket.js'
import { connectionOf } from '../../../src/federation/transport/split-connection/message-body.js'
import { TOKEN } from '../fake-role.js'

// A server takes a client for lost that has no connection.
it('a client that comes to read directly has its new connection before the old one is closed', async () => {
  const sockets: Socket[] = []
  const open: number[] = []
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    maxConnections: 10,
    routes: {
      'GET /': async (request) => {
        const socket = connectionOf(request)
        if (!sockets.includes(socket)) sockets.push(socket)
        open.push(sockets.filter(({ destroyed }) => !destroyed).length)
        return {}
      },
    },
    log: () => {},
  })
  onTestFinished(() => server.close())
  const connection = new Connection({
    url: server.url,
    token: TOKEN,
    idleMs: 2000,
    signal: new AbortController().signal,
  })
  onTestFinished(() => connection.close())
  const ask = () => connection.requestJson({ method: 'GET', path: '/', headers: {} })
  await ask()
  await ask()
  readDirectly()
  await ask()
  expect(open).toEqual([1, 1, 2])
  const [old] = sockets
  if (!old!.destroyed) await once(old!, 'close')
  await ask()
  expect(open).toEqual([1, 1, 2, 1])
  expect(sockets).toHaveLength(2)
})
