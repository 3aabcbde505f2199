import { ROUND_PRESETS } from '../recording/round-log-patterns.js'

/** What is known of a framework besides its log lines: the processes that matter, and which of them to judge. */
export interface FrameworkPreset {
  /** Regular expressions on command lines, by role. */
  roles: Record<string, string>
  judge: string
}

/**
 * NVFlare: the job runs in a process of its own; the parent server stays small. Flower: the memory lives in two
 * processes, so their sum is judged.
 */
const FRAMEWORKS: Record<string, FrameworkPreset> = {
  nvflare: {
    roles: { server: 'runner_process', client: 'worker_process' },
    judge: 'server',
  },
  flower: {
    roles: {
      server: 'flwr-serverapp',
      superlink: 'flower-superlink',
      client: 'flwr-clientapp',
      supernode: 'flower-supernode',
    },
    judge: 'server+superlink',
  },
}

/** Undefined when the text is the user's own pattern. */
export function frameworkPreset(rounds: string | undefined): FrameworkPreset | undefined {
  return rounds !== undefined && ROUND_PRESETS.includes(rounds) ? FRAMEWORKS[rounds] : undefined
}
