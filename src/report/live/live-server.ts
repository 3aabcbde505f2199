import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HttpBindings, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import type { ListenAddress } from '../../options/live.js'
import { messageOf, systemErrorCode, UsageError } from '../../shared/errors.js'
import { script } from '../html/page-parts.js'
import { isLoopback, onlyWith } from './access.js'
import { Broadcast, type Listener } from './broadcast.js'
import { livePage } from './live-page.js'
import type { LiveSource } from './live-source.js'
import { METRICS_TYPE, metricsText } from './metrics.js'
import { Scrapers } from './scrapers.js'

export interface LiveServer {
  /** Address of the page, without the token. */
  readonly url: string
  /** Serves another recording from now on. */
  show(source: LiveSource): void
  /** Sends the last state to the pages and ends. */
  close(): Promise<void>
}

/** Most connections, far more than ten tabs and some scrapers need; further ones are closed. */
const MOST_CONNECTIONS = 256
const MOST_PAGES = 64
/**
 * How long idle connections stay open: longer than Prometheus waits between two scrapes, since a
 * connection identifies a scraper.
 */
const KEEP_ALIVE_MS = 15 * 60_000
/**
 * How long a connection may take to send a request, and how often that is looked at: silent ones
 * take the places of others.
 */
const REQUEST_TIMES = { headersTimeout: 10_000, connectionsCheckingInterval: 5000 }
/** How long pages have to receive the last event before open connections are cut. */
const FAREWELL_MS = 500

/**
 * Headers of every response. The page loads only its own script and connects only to its own
 * address.
 */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

/**
 * Serves a running recording: `/` the page, `/events` its stream, `/api/status` as JSON, `/metrics`
 * for Prometheus.
 *
 * @param token needed unless the address is a loopback one
 * @throws UsageError when the address cannot be listened on, or a token is missing
 */
export async function startLiveServer(
  { host, port }: ListenAddress,
  { token, source }: { token: string | undefined; source: LiveSource },
): Promise<LiveServer> {
  if (token === undefined && !isLoopback(host))
    throw new UsageError(`--listen ${host}:${port}: others can reach this address, and no token was given`, {
      fix: 'Set TIDEMARK_LISTEN_TOKEN, for example to what openssl rand -hex 16 prints; or listen on 127.0.0.1.',
    })
  const shown = { source, scrapers: new Scrapers(() => source.openScrape()) }
  const broadcast = new Broadcast(source)
  const app = routes(shown, broadcast, token)
  const server = serve({ fetch: app.fetch, hostname: host, port, serverOptions: REQUEST_TIMES }) as Server
  try {
    await Promise.race([
      once(server, 'listening'),
      once(server, 'error').then(([error]) => {
        throw error
      }),
    ])
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    throw new UsageError(`cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      fix: 'Give another port with --listen, or 0 for any that is free.',
      cause: error,
    })
  }
  server.maxConnections = MOST_CONNECTIONS
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.on('connection', (socket) => socket.once('close', () => shown.scrapers.connectionEnded(socket)))
  // The measured program, not the server, decides how long this process runs.
  server.unref()
  const { address, port: actual } = server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${actual}/`,
    show: (next) => {
      shown.scrapers.close()
      Object.assign(shown, { source: next, scrapers: new Scrapers(() => next.openScrape()) })
      broadcast.follow(next)
    },
    close: async () => {
      broadcast.close()
      const closed = once(server, 'close')
      server.close()
      const timer = setTimeout(() => server.closeAllConnections(), FAREWELL_MS)
      server.closeIdleConnections()
      await closed
      clearTimeout(timer)
      shown.scrapers.close()
    },
  }
}

type Shown = { source: LiveSource; scrapers: Scrapers }

function routes(shown: Shown, broadcast: Broadcast, token: string | undefined) {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value)
    await next()
  })
  app.use(onlyWith(token))
  app.get('/', (context) => context.html(livePage(shown.source)))
  app.get('/page.js', (context) =>
    context.body(script('live-page'), 200, { 'Content-Type': 'text/javascript; charset=utf-8' }),
  )
  app.get('/api/status', (context) => context.json({ title: shown.source.title, ...shown.source.status() }))
  app.get('/metrics', (context) => {
    const { socket } = context.env.incoming
    const reader = shown.scrapers.readerOf({
      name: context.req.query('scraper'),
      address: socket.remoteAddress ?? '',
      agent: context.req.header('user-agent') ?? '',
      connection: socket,
    })
    return context.body(metricsText(shown.source.status(), reader.read()), 200, { 'Content-Type': METRICS_TYPE })
  })
  app.get('/events', (context) => {
    if (broadcast.listeners >= MOST_PAGES) return context.text('Too many pages are open.\n', 503)
    context.header('Content-Type', 'text/event-stream')
    context.header('X-Accel-Buffering', 'no')
    return stream(context, async (to) => {
      const ended = new Promise<void>((resolve) => {
        const listener: Listener = {
          send: async (event) => void (await to.write(event)),
          close: resolve,
        }
        to.onAbort(() => {
          broadcast.remove(listener)
          resolve()
        })
        broadcast.add(listener)
      })
      await ended
    })
  })
  app.notFound((context) => context.text('There is /, /events, /api/status and /metrics.\n', 404))
  return app
}
