import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

const COOKIE = 'tidemark_token'

/**
 * Lets those in who show the token: as a Bearer token, as `?token=` of the page, which becomes a cookie, or as that cookie.
 * Without a token the server listens on a loopback address, and a request for another host is refused: a page elsewhere
 * may have its name lead here (DNS rebinding).
 */
export function onlyWith(token: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    if (token === undefined) {
      if (isLoopback(hostOf(context.req.header('host')))) return next()
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
    return context.text('This needs the token: /?token=TOKEN in a browser, else Authorization: Bearer TOKEN.\n', 401)
  }
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** `[::1]:9090` and `localhost:9090` without the port. */
function hostOf(header: string | undefined): string {
  return (header ?? '')
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
}

/** Takes the same time wherever they differ. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}
