import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { formatDuration } from '../../shared/units.js'
import type { Condition } from '../async/condition.js'
import { HttpError } from '../transport/http-error.js'
import type { Place } from '../transport/messages.js'
import { compareText } from './sample.js'

export interface ClientRegistrySettings {
  /** Clients of the job. */
  clients: number
  /** How long a client with a broken connection may take to return before it counts as lost. */
  reconnectMs: number
  /** Notified of every change that a waiter may wait for. */
  changes: Condition
  /** Called when a connected client did not return in time. */
  onLost: (name: string, reason: string) => void
}

interface Member {
  name: string
  session: string
  /** A client is present while it has a connection, busy or idle: a long training sends nothing. */
  sockets: Set<Socket>
  lossTimer: NodeJS.Timeout | undefined
  isLost: boolean
  /** It has no connection, and it closed the last one itself. */
  hasLeft: boolean
}

/** The clients of a job: which have joined, and which are present. */
export class ClientRegistry {
  readonly #settings: ClientRegistrySettings
  readonly #members = new Map<string, Member>()
  #isClosed = false
  /** Called when a session begins. */
  onJoined: (sessions: Record<string, string>) => void = () => {}

  constructor(settings: ClientRegistrySettings) {
    this.#settings = settings
  }

  /** Names of all joined clients, sorted. */
  get names(): string[] {
    return [...this.#members.keys()].sort(compareText)
  }

  /** Clients that are present, or may still return in time. Sorted. */
  get present(): string[] {
    return this.names.filter((name) => this.#members.get(name)?.isLost === false)
  }

  /** Clients that are present, without those that closed their connection or died. Sorted. */
  get reachable(): string[] {
    return this.present.filter((name) => !this.#members.get(name)!.hasLeft)
  }

  get isComplete(): boolean {
    return this.#members.size === this.#settings.clients
  }

  /**
   * A name that has joined before passes to the newcomer: a restarted client must not wait for its
   * old connection to break.
   */
  join(name: string, socket: Socket): string {
    const { clients, changes } = this.#settings
    const known = this.#members.get(name)
    if (known === undefined && this.isComplete)
      throw new HttpError(409, 'full', {
        message: `the job has its ${clients} ${clients === 1 ? 'client' : 'clients'} already: ${this.names.join(', ')}`,
      })
    const session = randomBytes(8).toString('hex')
    const member = known ?? { name, session, sockets: new Set(), lossTimer: undefined, isLost: false, hasLeft: false }
    member.session = session
    this.#members.set(name, member)
    this.onJoined(this.sessions)
    this.#attach(member, socket)
    changes.notify()
    return session
  }

  /** Admits a request of a joined client; its connection now stands for the client. */
  admit(name: string, session: string | undefined, socket: Socket): void {
    const member = this.#members.get(name)
    if (member === undefined)
      throw new HttpError(410, 'join-again', { message: `client "${name}" has not joined this job` })
    if (member.session !== session)
      throw new HttpError(409, 'replaced', {
        message: `another process has joined as "${name}" since; every client needs a name of its own`,
      })
    this.#attach(member, socket)
  }

  /** Returns whether this is the only connection of a client. */
  isKnownBy(socket: Socket): boolean {
    for (const { sockets } of this.#members.values()) if (sockets.size === 1 && sockets.has(socket)) return true
    return false
  }

  /** Sessions by client. */
  get sessions(): Record<string, string> {
    return Object.fromEntries(this.names.map((name) => [name, this.#members.get(name)!.session]))
  }

  /** Restores the clients of a restarted server. They have this long to return. */
  restore(sessions: Readonly<Record<string, string>>, graceMs: number): void {
    for (const [name, session] of Object.entries(sessions)) {
      const member: Member = { name, session, sockets: new Set(), lossTimer: undefined, isLost: false, hasLeft: false }
      this.#members.set(name, member)
      this.#awaitReturn(member, graceMs)
    }
  }

  place(name: string): Place {
    return { index: this.names.indexOf(name), clients: this.#settings.clients }
  }

  /** Stops waiting for clients. */
  close(): void {
    this.#isClosed = true
    for (const member of this.#members.values()) clearTimeout(member.lossTimer)
  }

  #attach(member: Member, socket: Socket): void {
    clearTimeout(member.lossTimer)
    member.hasLeft = false
    if (member.isLost) {
      member.isLost = false
      this.#settings.changes.notify()
    }
    if (member.sockets.has(socket)) return
    member.sockets.add(socket)
    socket.once('close', () => this.#detach(member, socket))
  }

  #detach(member: Member, socket: Socket): void {
    member.sockets.delete(socket)
    if (member.sockets.size > 0 || this.#isClosed) return
    member.hasLeft = socket.readableEnded || socket.errored !== null
    this.#settings.changes.notify()
    this.#awaitReturn(member, this.#settings.reconnectMs)
  }

  #awaitReturn(member: Member, reconnectMs: number): void {
    member.lossTimer = setTimeout(() => {
      member.isLost = true
      this.#settings.onLost(
        member.name,
        `its connection broke, and it did not come back within ${formatDuration(reconnectMs)}`,
      )
      this.#settings.changes.notify()
    }, reconnectMs)
  }
}
