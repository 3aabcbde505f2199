import { MOST_WEIGHTS } from './federation.js'
import { bytes, durationMs, integer, text } from './types/option-types.js'
export const networkOptions = {
  host: text({ flag: 'host', placeholder: 'ADDRESS', default: '127.0.0.1', help: 'Address to listen on.' }),
  port: integer({
    flag: 'port',
    min: 0,
    max: 65_535,
    default: 0,
    help: 'Port to listen on. 0 takes a free one and prints it.',
  }),
  tokenFile: text({
    flag: 'token-file',
    placeholder: 'FILE',
    default: undefined,
    help: 'File with the join token. Without it TIDEMARK_TOKEN is used; a server without either makes one and prints it.',
  }),
  maxModelSize: bytes({
    flag: 'max-model-size',
    min: 1024,
    default: MOST_WEIGHTS,
    defaultText: '16GiB',
    help: 'Maximum size of a set of weights from the network.',
  }),
  idleMs: durationMs({
    flag: 'idle-deadline',
    default: 60_000,
    defaultText: '60s',
    help: 'How long a connection may be silent in the middle of a transfer before it is given up.',
  }),
}

/** Options of TLS on either side. */
export const tlsOptions = {
  tlsCert: text({
    flag: 'tls-cert',
    placeholder: 'FILE',
    default: undefined,
    help: "This role's certificate, with its chain, in PEM. A server that has one speaks https.",
  }),
  tlsKey: text({
    flag: 'tls-key',
    placeholder: 'FILE',
    default: undefined,
    help: 'The private key of --tls-cert.',
  }),
  tlsCa: text({
    flag: 'tls-ca',
    placeholder: 'FILE',
    default: undefined,
    help: 'Certificate authority of the other side, in PEM. A server with it requires a certificate in its own name of each client.',
  }),
}

/** Limits for a server that strangers can reach. */
export const exposureOptions = {
  maxClients: integer({
    flag: 'max-clients',
    min: 1,
    max: 1000,
    default: 1000,
    help: 'Clients that a job on this server may have. A job with more --clients does not start; with fewer, one client more than --clients is refused when it joins.',
  }),
  maxConnections: integer({
    flag: 'max-connections',
    min: 0,
    default: 0,
    defaultText: '2 for each client and 16',
    help: 'Maximum open connections; further ones get status 503 and are closed.',
  }),
  maxUploads: integer({
    flag: 'max-uploads',
    min: 1,
    max: 1000,
    default: 16,
    help: 'Maximum number of results received at the same time; others wait.',
  }),
  headersMs: durationMs({
    flag: 'headers-deadline',
    default: 10_000,
    defaultText: '10s',
    help: 'How long a connection may take to send the head of a request.',
  }),
  minRate: bytes({
    flag: 'min-rate',
    min: 0,
    default: 1024,
    defaultText: '1KiB',
    help: 'Bytes a second that a transfer must move, over any five seconds.',
  }),
}
