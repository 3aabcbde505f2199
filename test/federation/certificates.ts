import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** A certificate authority, a server and two clients of its, and another authority; the files lie in the folder. */
export function makeCertificates(folder: string): (name: string) => string {
  const file = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const output = (name: string) => ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)]
  for (const ca of ['ca', 'other-ca']) openssl('req', '-x509', ...key, '-subj', `/CN=${ca}`, ...output(ca))
  for (const name of ['server', 'site-1', 'site-2']) {
    const names = name === 'server' ? 'IP:127.0.0.1' : `DNS:${name}`
    const signed = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-addext', `subjectAltName=${names}`]
    openssl('req', '-x509', ...key, '-subj', `/CN=${name}`, ...output(name), ...signed)
  }
  return file
}
