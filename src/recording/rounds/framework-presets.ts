import type { RolePattern } from '../processes/process-name.js'
import { ROUND_PRESETS } from './log/round-log-presets.js'

/**
 * What is known of a framework apart from its log lines: the processes that matter, and which of
 * them to judge.
 */
export interface FrameworkPreset {
  /** Regular expressions for command lines, by role. */
  roles: Record<string, string>
  /**
   * Rules for processes with the same command line, by role: the role belongs to the one that
   * started a certain other process.
   */
  forks?: Record<string, { among: string; parentOf: string }>
  judge: string
}

/** NVFlare's simulator, as started from a script and from its command line. */
const SIMULATOR = '[.]simulator[.]simulator |nvflare simulator '

/**
 * Presets by framework. NVFlare: the job runs in a process of its own, and the parent server stays
 * small; in the simulator, the server is a fork that starts the clients. Flower: the memory lives
 * in two processes, so their sum is judged; in a simulation the ServerApp runs in `flwr-simulation`
 * and the clients in ray's workers.
 */
const FRAMEWORKS: Record<string, FrameworkPreset> = {
  nvflare: {
    roles: { server: `runner_process|${SIMULATOR}`, client: 'worker_process|simulator_worker' },
    forks: { server: { among: SIMULATOR, parentOf: 'simulator_worker' } },
    judge: 'server',
  },
  flower: {
    roles: {
      server: 'flwr-serverapp|flwr-simulation',
      superlink: 'flower-superlink',
      client: 'flwr-clientapp|^ray::',
      supernode: 'flower-supernode',
    },
    judge: 'server+superlink',
  },
}

/** Returns a framework's preset; undefined if the text is the user's own pattern. */
export function frameworkPreset(rounds: string | undefined): FrameworkPreset | undefined {
  return rounds !== undefined && ROUND_PRESETS.includes(rounds) ? FRAMEWORKS[rounds] : undefined
}

/**
 * Converts roles for the recorder: patterns by role, with the preset's fork rules for the roles
 * that it defines.
 */
export function rolePatterns(roles: Readonly<Record<string, string>>, rounds: string | undefined): RolePattern[] {
  const preset = frameworkPreset(rounds)
  return Object.entries(roles).map(([role, source]) => {
    const forks = preset?.roles[role] === source ? preset.forks?.[role] : undefined
    return {
      role,
      pattern: new RegExp(source),
      ...(forks && { forks: { among: new RegExp(forks.among), parentOf: new RegExp(forks.parentOf) } }),
    }
  })
}

/** Returns all roles of a preset; none if the text is the user's own pattern. */
export function presetRoles(rounds: string | undefined): RolePattern[] {
  return rolePatterns(frameworkPreset(rounds)?.roles ?? {}, rounds)
}
