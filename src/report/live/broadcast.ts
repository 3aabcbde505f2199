import type { LiveAlert } from '../../verdict/live/live-status.js'
import { Curves } from './curves.js'
import type { LiveSource } from './live-source.js'
import type { LiveUpdates } from './updates.js'

/** One page that receives events. */
export interface Listener {
  /** Sends one event; resolves when the connection has taken it. */
  send(event: string): Promise<void>
  close(): void
}

const UPDATE_MS = 1000
/**
 * Most samples and rounds that are kept between two updates; beyond this, pages get the whole
 * state.
 */
const MOST_NEWS = 2000

/**
 * Sends news to all pages once a second; each event is serialized once. A page that reads too
 * slowly misses events, and gets the whole state when it has caught up.
 */
export class Broadcast {
  readonly #listeners = new Map<Listener, { isBusy: boolean; isBehind: boolean }>()
  readonly #timer: NodeJS.Timeout
  #source: LiveSource
  #unsubscribe: () => void = () => {}
  #curves = new Curves()
  #samples: LiveUpdates['update']['samples'] = []
  #rounds: LiveUpdates['update']['rounds'] = []
  #alerts: LiveAlert[] = []

  constructor(source: LiveSource) {
    this.#source = source
    this.follow(source)
    this.#timer = setInterval(() => this.#send(), UPDATE_MS)
    this.#timer.unref()
  }

  /** Switches to another recording, such as the next trial of a comparison. */
  follow(source: LiveSource): void {
    this.#unsubscribe()
    this.#source = source
    this.#curves = new Curves()
    this.#forget()
    this.#unsubscribe = source.subscribe((event) => {
      if (event.kind === 'sample')
        for (const [role, rssBytes] of event.rssByRole) {
          this.#curves.add(role, event.timeMs, rssBytes)
          if (this.#hasRoom) this.#samples.push([role, event.timeMs, rssBytes])
        }
      else if (event.kind === 'round' && this.#hasRoom) this.#rounds.push({ role: event.role, round: event.round })
      else if (event.kind === 'alert' && this.#hasRoom) this.#alerts.push(event.alert)
    })
    for (const state of this.#listeners.values()) state.isBehind = true
  }

  /** Whether to keep news for the next update; there is no need while no page listens. */
  get #hasRoom(): boolean {
    if (this.#listeners.size === 0) return false
    if (this.#samples.length + this.#rounds.length < MOST_NEWS) return true
    for (const state of this.#listeners.values()) state.isBehind = true
    return false
  }

  add(listener: Listener): void {
    this.#listeners.set(listener, { isBusy: false, isBehind: true })
    this.#sendTo(listener, undefined)
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Sends the last news and ends all streams. */
  close(): void {
    clearInterval(this.#timer)
    this.#send()
    this.#unsubscribe()
    for (const listener of this.#listeners.keys()) listener.close()
  }

  #send(): void {
    if (this.#listeners.size === 0) return
    const event = eventText('update', this.#update())
    this.#forget()
    for (const listener of this.#listeners.keys()) this.#sendTo(listener, event)
  }

  #sendTo(listener: Listener, update: string | undefined): void {
    const state = this.#listeners.get(listener)
    if (state === undefined) return
    if (state.isBusy) {
      state.isBehind = true
      return
    }
    const event = state.isBehind ? eventText('state', this.#all()) : update
    if (event === undefined) return
    Object.assign(state, { isBusy: true, isBehind: false })
    const done = () => {
      state.isBusy = false
    }
    listener.send(event).then(done, done)
  }

  #all(): LiveUpdates['state'] {
    return { title: this.#source.title, status: this.#source.status(), curves: this.#curves.all() }
  }

  #update(): LiveUpdates['update'] {
    const { roles, alerts: _, ...status } = this.#source.status()
    return {
      status: { ...status, roles: roles.map(({ recentRounds: _, ...role }) => role) },
      samples: this.#samples,
      rounds: this.#rounds,
      alerts: this.#alerts,
    }
  }

  #forget(): void {
    this.#samples = []
    this.#rounds = []
    this.#alerts = []
  }
}

/**
 * Formats an event (https://html.spec.whatwg.org/multipage/server-sent-events.html). JSON has no
 * line breaks of its own.
 */
function eventText<Name extends keyof LiveUpdates>(name: Name, data: LiveUpdates[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
