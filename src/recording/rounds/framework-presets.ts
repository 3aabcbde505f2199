import type { RolePattern } from '../processes/process-name.js'
import { ROUND_PRESETS } from './log/round-log-presets.js'

/** What is known of a framework besides its log lines: the processes that matter, and which of them to judge. */
export interface FrameworkPreset {
  /** Regular expressions on command lines, by role. */
  roles: Record<string, string>
  /** By role: processes of one command line, of which the one that has started a certain other one is meant. */
  forks?: Record<string, { among: string; parentOf: string }>
  judge: string
}

/** NVFlare's simulator, as a script starts it and as its command line does. */
const SIMULATOR = '[.]simulator[.]simulator |nvflare simulator '

/**
 * NVFlare: the job runs in a process of its own, beside which the parent server stays small; in the simulator it is a fork of
 * the simulator, which starts the clients. Flower: the memory lives in two processes, so their sum is judged; in a simulation
 * the ServerApp runs in `flwr-simulation` and the clients in ray's workers.
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

/** Undefined when the text is the user's own pattern. */
export function frameworkPreset(rounds: string | undefined): FrameworkPreset | undefined {
  return rounds !== undefined && ROUND_PRESETS.includes(rounds) ? FRAMEWORKS[rounds] : undefined
}

/** Roles as the recorder takes them: patterns by role, with what a preset knows of forks beside those that are its own. */
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

/** All roles that a preset knows; none where the text is the user's own pattern. */
export function presetRoles(rounds: string | undefined): RolePattern[] {
  return rolePatterns(frameworkPreset(rounds)?.roles ?? {}, rounds)
}
