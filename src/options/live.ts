import { text } from './types/option-types.js'
import type { OptionSpec } from './types/spec.js'

/** Address where a page is served. */
export interface ListenAddress {
  host: string
  /** 0 picks any free port. */
  port: number
}

const LOOPBACK = '127.0.0.1'

const listen: OptionSpec<ListenAddress | undefined> = {
  flag: 'listen',
  placeholder: '[HOST:]PORT',
  help: 'Serve a live page at this address, with /metrics for Prometheus and /api/status. Port 0 picks a free port. Any address other than loopback needs --token.',
  default: undefined,
  defaultText: 'off; the host alone: 127.0.0.1',
  expected: 'a port from 0 to 65535, alone or after a host: 9090, 0.0.0.0:9090, [::1]:9090',
  format: (address) =>
    address === undefined ? '' : `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`,
  parse: (given) => {
    const [, bracketed, named, digits] = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+))?:)?(\d{1,5})$/.exec(given) ?? []
    const port = Number(digits)
    return digits !== undefined && port <= 65_535 ? { host: bracketed ?? named ?? LOOPBACK, port } : undefined
  },
}

/** Options of the live page. */
export const liveOptions = {
  listen,
  token: {
    // TIDEMARK_TOKEN is the join token of a job, which its clients know.
    variable: 'TIDEMARK_LISTEN_TOKEN',
    ...text({
      flag: 'token',
      placeholder: 'TOKEN',
      default: undefined,
      defaultText: 'none',
      help: 'Token that --listen requires, at least 16 characters. Prefer TIDEMARK_LISTEN_TOKEN: other users can read arguments with ps.',
    }),
  },
}
