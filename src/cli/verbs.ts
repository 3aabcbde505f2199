import { suggestWord } from '../closest-word.js'
import { UsageError } from '../errors.js'
import type { Command } from './command.js'

/**
 * The verbs in the order of the help. Each is loaded when it is asked for and not before: `tidemark server` is a program
 * under test, and the code of the other verbs would be measured with it.
 */
export const verbs: Record<string, () => Promise<{ command: Command }>> = {
  compare: () => import('./commands/compare.js'),
  check: () => import('./commands/check.js'),
  merge: () => import('./commands/merge.js'),
  submit: () => import('./commands/submit.js'),
  tune: () => import('./commands/tune.js'),
  run: () => import('./commands/run.js'),
  attach: () => import('./commands/attach.js'),
  analyze: () => import('./commands/analyze.js'),
  list: () => import('./commands/list.js'),
  plot: () => import('./commands/plot.js'),
  peak: () => import('./commands/peak.js'),
  export: () => import('./commands/export.js'),
  rm: () => import('./commands/rm.js'),
  clean: () => import('./commands/clean.js'),
  doctor: () => import('./commands/doctor.js'),
  server: () => import('./commands/server.js'),
  client: () => import('./commands/client.js'),
  coordinator: () => import('./commands/coordinator.js'),
  peer: () => import('./commands/peer.js'),
}

export function unknownVerb(given: string): UsageError {
  return new UsageError(`there is no verb "${given}"`, {
    fix: `${suggestWord(given, Object.keys(verbs))} tidemark --help lists them.`,
  })
}
