import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createSecureContext, type TLSSocket, type TlsOptions } from 'node:tls'
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
 * What the files hold; undefined where none is given. Throws UsageError where one is missing, not
 * readable or not in PEM, or the key is not that of the certificate.
 */
export function readTls({ tlsCert, tlsKey, tlsCa }: TlsFiles): TlsMaterial | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError(`--tls-${tlsCert === undefined ? 'key' : 'cert'} is given alone`, {
      fix: 'Give --tls-cert and --tls-key together: a certificate and its private key, both in PEM.',
    })
  if (tlsCert === undefined && tlsCa === undefined) return undefined
  const material = {
    ...(tlsCert === undefined ? {} : { cert: readPem('--tls-cert', tlsCert, 'CERTIFICATE') }),
    ...(tlsKey === undefined ? {} : { key: readPem('--tls-key', tlsKey, 'PRIVATE KEY') }),
    ...(tlsCa === undefined ? {} : { ca: readPem('--tls-ca', tlsCa, 'CERTIFICATE') }),
  }
  try {
    createSecureContext(material)
    return material
  } catch (error) {
    const files = [tlsCert, tlsKey, tlsCa].filter((file) => file !== undefined)
    throw new UsageError(`TLS cannot use ${files.join(', ')}: ${messageOf(error)}`, {
      fix: 'Give a certificate, its own private key without a passphrase, and the certificate of the authority.',
      cause: error,
    })
  }
}

/** Options of a server. With a CA, each client must show a certificate of it. */
export function serverTls(material: TlsMaterial): TlsOptions {
  const asksClients = material.ca !== undefined
  return { ...material, minVersion: 'TLSv1.2', requestCert: asksClients, rejectUnauthorized: asksClients }
}

/** Refuses anything but a file: a pipe keeps its reader waiting, and a device has no end. */
function readPem(flag: string, file: string, holds: string): Buffer {
  let pem: Buffer
  try {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!fstatSync(descriptor).isFile()) throw new Error('found a folder, a pipe or a device, expected a file')
      pem = readFileSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw new UsageError(`${flag} ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (pem.includes(`${holds}-----`)) return pem
  throw new UsageError(`${flag} ${file} holds no ${holds} in PEM`, {
    fix: `Give a text file with a line -----BEGIN ${holds}-----.`,
  })
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
