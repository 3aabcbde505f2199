import { type ListenAddress, liveOptions } from '../../options/live.js'
import { variableOf } from '../../options/types/spec.js'
import { openScrape } from '../../recording/peaks/scrape.js'
import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { LiveServer } from '../../report/live/live-server.js'
import type { LiveSource } from '../../report/live/live-source.js'
import { UsageError } from '../../shared/errors.js'
import type { LiveState } from '../../verdict/live/live-state.js'

/** Form of a Bearer token in an Authorization header (RFC 6750, section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/
const SHORTEST_TOKEN = 16

export interface ServeOptions {
  listen: ListenAddress | undefined
  token: string | undefined
}

/**
 * The page, `/api/status` and `/metrics` of a recording, available from before it starts until
 * after it has ended.
 */
export interface ServedRecording {
  /** Switches to this recording. */
  show(title: string, state: LiveState, recorder: RecorderHandle): void
  close(): Promise<void>
}

/**
 * Opens the address of `--listen` before anything is started.
 *
 * @param say tells the user where the page is
 * @throws UsageError when it cannot be listened on, or a token is missing, weak or of no use
 */
export async function serveRecording(
  { listen, token }: ServeOptions,
  title: string,
  state: LiveState,
  say: (text: string) => void,
): Promise<ServedRecording | undefined> {
  if (listen === undefined) {
    // The variable may be set for all calls; the option is for this one.
    if (token !== undefined && token !== process.env[variableOf(liveOptions.token)])
      throw new UsageError('--token needs --listen: it is the token of the page that is served there', {
        fix: 'Add an address such as --listen 9090, or leave --token out.',
      })
    return undefined
  }
  if (token !== undefined && (!TOKEN.test(token) || token.length < SHORTEST_TOKEN))
    throw new UsageError(`--token: expected at least ${SHORTEST_TOKEN} letters, digits and . _ ~ + / -`, {
      fix: 'For example what openssl rand -hex 16 prints, in TIDEMARK_LISTEN_TOKEN.',
    })
  // Load the server only when a page is served.
  const { startLiveServer } = await import('../../report/live/live-server.js')
  const server: LiveServer = await startLiveServer(listen, { token, source: sourceOf(title, state, undefined) })
  const key = token === undefined ? '' : '?token=TOKEN'
  say(`live at ${server.url}${key}; ${server.url}metrics is for Prometheus`)
  return {
    show: (next, its, recorder) => server.show(sourceOf(next, its, recorder)),
    close: server.close,
  }
}

function sourceOf(title: string, state: LiveState, recorder: RecorderHandle | undefined): LiveSource {
  return {
    title,
    status: () => state.status(),
    subscribe: (listener) => state.subscribe(listener),
    openScrape: () => openScrape(recorder),
  }
}
