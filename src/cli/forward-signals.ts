import { isIgnoredByCaller } from '../launch/callers-signals.js'
import type { LaunchedProcess } from '../launch/launch.js'
import { StoppedError } from '../shared/errors.js'

/** Signals that a terminal, a shell or a supervisor sends; the command decides how to react. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const
/** Of these, the ones that would end this program. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

interface SignalForwarding extends Disposable {
  to(launched: LaunchedProcess): void
  /** The first signal by which the user stopped the command, if there was one. */
  stopped(): StoppedError | undefined
}

/**
 * Starts forwarding signals. Call this before the command can print anything that a user answers
 * with Ctrl-C. Signals that arrive before the command runs wait for it. The command is no job of
 * the terminal, so on Ctrl-Z it is stopped here, on behalf of the shell.
 */
export function forwardSignals(): SignalForwarding {
  let command: LaunchedProcess | undefined
  let stopping: StoppedError | undefined
  const waiting: NodeJS.Signals[] = []
  const forward = (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') stopping ??= new StoppedError(signal)
    if (command === undefined) {
      waiting.push(signal)
      return
    }
    command.signal(signal)
    if (signal === 'SIGSTOP') process.kill(process.pid, signal)
  }
  const stop = () => forward('SIGSTOP')
  for (const signal of FORWARDED) if (!isIgnoredByCaller(signal)) process.on(signal, forward)
  process.on('SIGTSTP', stop)
  return {
    to: (launched) => {
      command = launched
      for (const signal of waiting) forward(signal)
    },
    stopped: () => stopping,
    [Symbol.dispose]: () => {
      for (const signal of FORWARDED) process.off(signal, forward)
      process.off('SIGTSTP', stop)
      // The result is printed and decides the exit code, whatever comes in the last moment.
      for (const signal of ENDING) if (!isIgnoredByCaller(signal)) process.on(signal, () => process.exit())
    },
  }
}
