import { AlertCommands } from '../../recording/alerts/alert-command.js'
import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { NamedRole } from '../../recording/rounds/unmatched.js'
import { UsageError } from '../../shared/errors.js'
import { printable } from '../../shared/printable.js'
import { type Fired, watchCondition } from '../../verdict/alerts/alert-watch.js'
import { type Condition, parseCondition } from '../../verdict/alerts/condition.js'
import type { LiveState } from '../../verdict/live/live-state.js'

/** Actions to take when a condition becomes true. */
export interface AlertRules {
  rules: { condition: Condition; command: string }[]
  failWhen: Condition[]
}

/** Action that ends the recorded command. */
const STOP = 'stop'

/**
 * Reads `--when`, `--do` and `--fail-when`.
 *
 * @throws UsageError when a condition cannot be read, or has no command
 */
export function readAlerts(
  verb: string,
  options: { when: string[]; do: string[]; failWhen: string[] },
  { mayStop }: { mayStop: boolean },
): AlertRules {
  const { when, do: commands, failWhen } = options
  if (when.length !== commands.length)
    throw new UsageError(
      `${verb}: found ${when.length} --when and ${commands.length} --do, expected a --do for each --when`,
      {
        fix: 'For example --when grows --do \'echo "$TIDEMARK_ALERT_ROLE grows"\'.',
      },
    )
  if (!mayStop && commands.includes(STOP))
    throw new UsageError(`${verb}: --do stop would end a program that ${verb} has not started`, {
      fix: "A command can: --do 'kill $TIDEMARK_ALERT_PID'.",
    })
  return {
    rules: when.map((text, i) => ({ condition: parseCondition(text, '--when'), command: commands[i]! })),
    failWhen: failWhen.map((text) => parseCondition(text, '--fail-when')),
  }
}

/** Returns the roles that conditions name: a condition on a role that never comes never fires. */
export function rolesOfAlerts({ rules, failWhen }: AlertRules): NamedRole[] {
  const named = (flag: string, { text, terms }: Condition) =>
    terms.flatMap(({ role }) => (role === null ? [] : [{ role, flag: `${flag} '${text}'` }]))
  return [
    ...rules.flatMap(({ condition }) => named('--when', condition)),
    ...failWhen.flatMap((condition) => named('--fail-when', condition)),
  ]
}

export interface AlertWiring {
  state: LiveState
  folder: string
  say(text: string): void
  /** Ends the recorded command, with the reason. */
  stop(why: string): void
  /** Returns the recorder; undefined until it is ready. */
  recorder(): RecorderHandle | undefined
}

export interface WatchedAlerts {
  /** Returns the conditions of `--fail-when` that were true. */
  failed(): readonly string[]
  /** Waits for commands that are still running. */
  close(): Promise<void>
}

/** Watches the conditions until it is closed. */
export function watchAlerts({ rules, failWhen }: AlertRules, wiring: AlertWiring): WatchedAlerts {
  const { state, say } = wiring
  const commands = new AlertCommands()
  const failed = new Set<string>()
  const note = (text: string) => {
    say(printable(text))
    wiring.recorder()?.warn(text)
  }
  const watches = [
    ...rules.map(({ condition, command }) =>
      watchCondition(state, condition, (fired) => {
        say(printable(`alert: ${describe(fired)}`))
        if (command === STOP) wiring.stop(`${describe(fired)} (--when ${condition.text} --do stop)`)
        else
          commands.start(command, factsOf(fired, wiring.folder), (why) => {
            note(`The command of --when ${condition.text} failed: ${why}.`)
            const { status, role, round } = fired
            state.addAlert({
              timeMs: status.timeMs,
              condition: condition.text,
              role,
              round,
              kind: 'failed',
              sentence: why,
            })
          })
      }),
    ),
    ...failWhen.map((condition) =>
      watchCondition(state, condition, (fired) => {
        failed.add(condition.text)
        note(`--fail-when: ${describe(fired)}`)
      }),
    ),
  ]
  return {
    failed: () => [...failed],
    close: async () => {
      for (const unwatch of watches) unwatch()
      await commands.close()
    },
  }
}

function describe({ condition, role, round, status }: Fired): string {
  const where = role === null || role === UNNAMED_ROLE ? '' : ` for ${role}`
  const when = round === null ? '' : ` at ${status.unit} ${round}`
  return `${condition.text}${where}${when}`
}

/**
 * Returns the facts as environment variables and as JSON. Unknown ones are left out of the
 * environment, and null in the JSON.
 */
function factsOf({ condition, role: name, round, status }: Fired, folder: string) {
  const role = status.roles.find((one) => one.role === name) ?? null
  const largest = [...(role?.processes ?? status.roles.flatMap(({ processes }) => processes))].sort(
    (a, b) => (b.rssBytes ?? 0) - (a.rssBytes ?? 0),
  )[0]
  const facts = {
    condition: condition.text,
    timeMs: status.timeMs,
    folder,
    role: name,
    round,
    pid: largest?.pid ?? null,
    rssBytes: role === null ? status.tree.rssBytes : role.rssBytes,
    peakBytes: role?.peakBytes ?? status.tree.highestBytes,
    verdict: role?.verdict.sentence ?? null,
    rateBytesPerRound: role?.rate?.bytesPerRound ?? null,
    limitBytes: status.limit?.bytes ?? null,
    limitRounds: role?.forecast?.rounds.estimate ?? null,
    limitMs: role?.forecast?.ms?.estimate ?? null,
  }
  const environment = Object.fromEntries(
    Object.entries(facts)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [`TIDEMARK_ALERT_${key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`, textOf(value!)]),
  )
  return { environment, facts }
}

function textOf(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value)) : value
}
