import { suggestWord } from '../../shared/did-you-mean.js'
import { UsageError } from '../../shared/errors.js'
import type { Command } from './command.js'

type Verbs = Record<string, () => Promise<{ command: Command }>>

/**
 * Verbs in the order and the groups of the help. Each is loaded only on request: `tidemark server`
 * is a program under test, and the code of the other verbs would be measured with it.
 */
export const verbGroups: Record<string, Verbs> = {
  Measure: {
    compare: () => import('../commands/measure/compare.js'),
    run: () => import('../commands/measure/run.js'),
    attach: () => import('../commands/measure/attach.js'),
    soak: () => import('../commands/measure/soak.js'),
    check: () => import('../commands/measure/check.js'),
    bisect: () => import('../commands/measure/bisect.js'),
    tune: () => import('../commands/measure/tune.js'),
  },
  Look: {
    show: () => import('../commands/look/show.js'),
    diff: () => import('../commands/look/diff.js'),
    analyze: () => import('../commands/look/analyze.js'),
    list: () => import('../commands/look/list.js'),
    plot: () => import('../commands/look/plot.js'),
    peak: () => import('../commands/look/peak.js'),
    rm: () => import('../commands/look/rm.js'),
    clean: () => import('../commands/look/clean.js'),
  },
  Share: {
    export: () => import('../commands/share/export.js'),
    history: () => import('../commands/share/history.js'),
    submit: () => import('../commands/share/submit.js'),
    merge: () => import('../commands/share/merge.js'),
  },
  'Roles of a job': {
    server: () => import('../commands/roles/server.js'),
    client: () => import('../commands/roles/client.js'),
    coordinator: () => import('../commands/roles/coordinator.js'),
    peer: () => import('../commands/roles/peer.js'),
  },
  'Set up': {
    doctor: () => import('../commands/setup/doctor.js'),
    completion: () => import('../commands/setup/completion.js'),
  },
}

export const verbs: Verbs = Object.assign({}, ...Object.values(verbGroups))

export function unknownVerb(given: string): UsageError {
  return new UsageError(`there is no verb "${given}"`, {
    fix: `${suggestWord(given, Object.keys(verbs))} tidemark --help lists them.`,
  })
}
