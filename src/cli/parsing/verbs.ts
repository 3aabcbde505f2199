import { suggestWord } from '../../shared/did-you-mean.js'
import { UsageError } from '../../shared/errors.js'
import type { Command } from './command.js'

/**
 * The verbs in the order of the help. Each is loaded when it is asked for and not before: `tidemark server` is a program
 * under test, and the code of the other verbs would be measured with it.
 */
export const verbs: Record<string, () => Promise<{ command: Command }>> = {
  compare: () => import('../commands/measure/compare.js'),
  check: () => import('../commands/measure/check.js'),
  merge: () => import('../commands/share/merge.js'),
  submit: () => import('../commands/share/submit.js'),
  tune: () => import('../commands/measure/tune.js'),
  run: () => import('../commands/measure/run.js'),
  attach: () => import('../commands/measure/attach.js'),
  analyze: () => import('../commands/look/analyze.js'),
  show: () => import('../commands/look/show.js'),
  diff: () => import('../commands/look/diff.js'),
  list: () => import('../commands/look/list.js'),
  plot: () => import('../commands/look/plot.js'),
  peak: () => import('../commands/measure/peak.js'),
  export: () => import('../commands/share/export.js'),
  rm: () => import('../commands/look/rm.js'),
  clean: () => import('../commands/look/clean.js'),
  doctor: () => import('../commands/measure/doctor.js'),
  server: () => import('../commands/roles/server.js'),
  client: () => import('../commands/roles/client.js'),
  coordinator: () => import('../commands/roles/coordinator.js'),
  peer: () => import('../commands/roles/peer.js'),
}

export function unknownVerb(given: string): UsageError {
  return new UsageError(`there is no verb "${given}"`, {
    fix: `${suggestWord(given, Object.keys(verbs))} tidemark --help lists them.`,
  })
}
