import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { messageOf, UsageError } from '../../shared/errors.js'
import { shellWord } from '../../shared/text.js'

const TOKEN_VARIABLE = 'TIDEMARK_TOKEN'

/** What may stand in an Authorization header as a Bearer token (RFC 6750, section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * The join token from its file or the environment, or undefined when neither is given. Never from
 * an argument: `ps` shows those. An empty variable is none; an empty file is a mistake.
 */
export function readToken(tokenFile: string | undefined): string | undefined {
  const [token, origin] =
    tokenFile === undefined ? [process.env[TOKEN_VARIABLE], TOKEN_VARIABLE] : [readTokenFile(tokenFile), tokenFile]
  if (token === undefined || token === '') return undefined
  if (!TOKEN.test(token))
    throw new UsageError(`the join token in ${origin} has characters that a token cannot have`, {
      fix: 'Use letters, digits and . _ ~ + / - only, for example: openssl rand -hex 16',
    })
  return token
}

export function makeToken(): string {
  return randomBytes(16).toString('hex')
}

/** Whether an Authorization header carries the token; takes the same time wherever they differ. */
export function isAuthorized(authorization: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function readTokenFile(file: string): string {
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`the token file ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (token !== '') return token
  throw new UsageError(`the token file ${file} is empty, expected the join token in it`, {
    fix: `Write one, for example: openssl rand -hex 16 > ${shellWord(file)}`,
  })
}
