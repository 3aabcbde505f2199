import { isIgnoredByCaller } from '../launch/callers-signals.js'
import type { LaunchedProcess } from '../launch/launch.js'

/** What a terminal, a shell or a supervisor sends; the command decides what comes of it. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const

/**
 * Hands signals on from now, to be in force before the command can say a word that somebody answers with Ctrl-C. What comes
 * before there is a command waits for it. The command is no job of the terminal, so that Ctrl-Z has to stop it for the shell.
 */
export function forwardSignals(): { to(launched: LaunchedProcess): void } & Disposable {
  let command: LaunchedProcess | undefined
  const waiting: NodeJS.Signals[] = []
  const forward = (signal: NodeJS.Signals) => {
    if (command === undefined) waiting.push(signal)
    else command.signal(signal)
  }
  const stop = () => {
    forward('SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  }
  for (const signal of FORWARDED) if (!isIgnoredByCaller(signal)) process.on(signal, forward)
  process.on('SIGTSTP', stop)
  return {
    to: (launched) => {
      command = launched
      for (const signal of waiting) command.signal(signal)
    },
    [Symbol.dispose]: () => {
      for (const signal of FORWARDED) process.off(signal, forward)
      process.off('SIGTSTP', stop)
    },
  }
}
