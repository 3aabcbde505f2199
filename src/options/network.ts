import { MOST_WEIGHTS } from './federation.js'
import { bytes, durationMs, integer, text } from './types/option-types.js'
export const networkOptions = {
  host: text({ flag: 'host', placeholder: 'ADDRESS', default: '127.0.0.1', help: 'Address to listen on.' }),
  port: integer({
    flag: 'port',
    min: 0,
    max: 65_535,
    default: 0,
    help: 'Port to listen on. 0 picks a free one and prints it.',
  }),
  tokenFile: text({
    flag: 'token-file',
    placeholder: 'FILE',
    default: undefined,
    help: 'File that holds the join token. Default: TIDEMARK_TOKEN. Without either, a token is created and printed.',
  }),
  maxModelSize: bytes({
    flag: 'max-model-size',
    min: 1024,
    default: MOST_WEIGHTS,
    defaultText: '16GiB',
    help: 'Largest set of weights accepted from the network.',
  }),
  idleMs: durationMs({
    flag: 'idle-deadline',
    default: 60_000,
    defaultText: '60s',
    help: 'Time that a transfer may be silent before its connection is closed.',
  }),
}

/** Options of TLS in a server. */
export const tlsOptions = {
  tlsCert: text({
    flag: 'tls-cert',
    placeholder: 'FILE',
    default: undefined,
    help: "PEM file with the server's certificate and chain. The server then uses https.",
  }),
  tlsKey: text({
    flag: 'tls-key',
    placeholder: 'FILE',
    default: undefined,
    help: 'PEM file with the private key of --tls-cert.',
  }),
  tlsCa: text({
    flag: 'tls-ca',
    placeholder: 'FILE',
    default: undefined,
    help: "PEM file of the authority that certifies the clients. The server then requires of each client a certificate in the client's name.",
  }),
}

/** The token of a role that joins a job, which cannot make one up. */
export const joinTokenFile = {
  ...networkOptions.tokenFile,
  help: 'File that holds the join token of the job. Default: TIDEMARK_TOKEN. One of the two has to be given.',
}

/** Options of TLS in a client. */
export const clientTlsOptions = {
  tlsCert: {
    ...tlsOptions.tlsCert,
    help: "PEM file with this client's certificate and chain, for a server that requires one.",
  },
  tlsKey: tlsOptions.tlsKey,
  tlsCa: {
    ...tlsOptions.tlsCa,
    help: 'PEM file of the authority that certifies the server, if the system does not know it.',
  },
}

/** Limits for a server that strangers can reach. */
export const exposureOptions = {
  maxClients: integer({
    flag: 'max-clients',
    min: 1,
    max: 1000,
    default: 1000,
    help: 'Most clients that a job on this server may have. A job with more --clients does not start.',
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
    help: 'Results received at the same time. Others wait.',
  }),
  headersMs: durationMs({
    flag: 'headers-deadline',
    default: 10_000,
    defaultText: '10s',
    help: 'Time that a connection has to send the headers of a request.',
  }),
  minRate: bytes({
    flag: 'min-rate',
    min: 0,
    default: 1024,
    defaultText: '1KiB',
    help: 'Minimum rate of a transfer, in bytes per second over any five seconds.',
  }),
}
