import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

const COOKIE = 'tidemark_token'

/**
 * Admits requests that carry the token: as a Bearer token, as `?token=` of the page, which becomes
 * a cookie, or as that cookie. Without a token the server listens on a loopback address and refuses
 * requests for another host, since the name of a foreign page may resolve to this address (DNS
 * rebinding).
 */
export function onlyWith(token: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    if (token === undefined) {
      if (isLoopback(hostOf(context.req.header('host')))) return next()
      context.header('Connection', 'close')
      return context.text('This address is served for requests from this machine alone: http://127.0.0.1.\n', 403)
    }
    const given = context.req.query('token')
    if (given !== undefined && context.req.path === '/' && isSame(given, token)) {
      setCookie(context, COOKIE, token, { httpOnly: true, sameSite: 'Strict', path: '/' })
      return context.redirect('/', 303)
    }
    const bearer = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
    if (isSame(bearer ?? getCookie(context, COOKIE) ?? '', token)) return next()
    context.header('WWW-Authenticate', 'Bearer')
    // Without the token, connections are not kept: they would take the places of those with it.
    context.header('Connection', 'close')
    return context.text('This needs the token: /?token=TOKEN in a browser, else Authorization: Bearer TOKEN.\n', 401)
  }
}

/** Returns whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Returns the host of `[::1]:9090` or `localhost:9090` without the port. */
function hostOf(header: string | undefined): string {
  return (header ?? '')
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
}

/** Compares in constant time. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}
