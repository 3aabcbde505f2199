import type { LiveAlert, LiveRole, LiveRound, LiveStatus } from '../../verdict/live/live-status.js'
import type { Curve } from './curves.js'

/** Events of the stream that the page reads, by name. */
export interface LiveUpdates {
  /** Whole state, for a page that has just connected or has fallen behind. */
  state: { title: string; status: LiveStatus; curves: Curve[] }
  /** News since the previous event, at most once a second. */
  update: {
    status: Omit<LiveStatus, 'roles' | 'alerts'> & { roles: Omit<LiveRole, 'recentRounds'>[] }
    samples: [role: string, timeMs: number, rssBytes: number][]
    rounds: { role: string; round: LiveRound }[]
    alerts: LiveAlert[]
  }
}
