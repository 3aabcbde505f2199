import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { messageOf, UsageError } from '../../shared/errors.js'
import { HttpError } from './http-error.js'

/** Files in PEM, as `--tls-cert`, `--tls-key` and `--tls-ca` name them. */
export interface TlsFiles {
  tlsCert: string | undefined
  tlsKey: string | undefined
  tlsCa: string | undefined
}

export interface TlsMaterial {
  cert?: Buffer
  key?: Buffer
  ca?: Buffer
}

/**
 * What the files hold; undefined where none is given. Throws UsageError where one is missing or not
 * readable.
 */
export function readTls({ tlsCert, tlsKey, tlsCa }: TlsFiles): TlsMaterial | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError(`--tls-${tlsCert === undefined ? 'key' : 'cert'} is given alone`, {
      fix: 'Give --tls-cert and --tls-key together: a certificate and its private key, both in PEM.',
    })
  if (tlsCert === undefined && tlsCa === undefined) return undefined
  return {
    ...(tlsCert === undefined ? {} : { cert: readPem('--tls-cert', tlsCert) }),
    ...(tlsKey === undefined ? {} : { key: readPem('--tls-key', tlsKey) }),
    ...(tlsCa === undefined ? {} : { ca: readPem('--tls-ca', tlsCa) }),
  }
}

/** Options of a server. With a CA, each client must show a certificate of it. */
export function serverTls(material: TlsMaterial): TlsOptions {
  const asksClients = material.ca !== undefined
  return { ...material, minVersion: 'TLSv1.2', requestCert: asksClients, rejectUnauthorized: asksClients }
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(`${flag} ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * A client certificate speaks for one client: the one that its common name, or one of its DNS
 * names, is.
 */
export function assertCertified(socket: Socket, client: string): void {
  const { subject, subjectaltname = '' } = (socket as TLSSocket).getPeerCertificate()
  const names = [...subjectaltname.split(', ').map((name) => name.replace(/^DNS:/, '')), subject?.CN]
  if (!names.includes(client))
    throw new HttpError(403, 'wrong-certificate', {
      message: `the certificate is not that of client "${client}"; a client's certificate has its name as common name or DNS name`,
    })
}
