import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { heapEnvironment } from '../../recording/heap/heap-order.js'
import { orderProbe, type ProbeOrder } from '../../recording/probe/probe-order.js'
import { nameProcess } from '../../recording/processes/process-name.js'
import { presetRoles, rolePatterns } from '../../recording/rounds/framework-presets.js'
import { roundPattern } from '../../recording/rounds/log/round-log-patterns.js'
import type { Setting } from '../../results/setting.js'
import { allocatorLibrary } from '../../shared/allocator-library.js'
import { UsageError } from '../../shared/errors.js'
import { REF_AXIS } from '../../verdict/gate/gate-refs.js'
import { isVariable } from '../plan/axes.js'
import { type CommandPlan, PRELOAD, templatesOf } from '../plan/command-plan.js'
import { fillPlaceholders, placeholdersIn } from '../plan/placeholders.js'
import { settingEnvironment } from '../plan/setting-environment.js'
import { splitCommand } from '../plan/split-command.js'
import { folderOfCommands } from '../refs/job-files.js'
import { environmentIn } from '../refs/ref-environment.js'
import { type RefsPlan, treeOf } from '../refs/refs-plan.js'
import { judgedRoles } from '../trial/judged-roles.js'
import type { ProcessStarter, ProcessToStart, Step, Workload } from './workload.js'

/** Names of the processes that we start, also used for the logs. */
const COMMAND = 'command'
const LOAD = 'load'

/**
 * Makes the workload of a user's command. It is recorded from outside with all that it starts;
 * rounds come from its output or its marks, and roles from command lines. The setting reaches it
 * through placeholders and its environment.
 */
export function commandWorkload(plan: CommandPlan, judge: string, refs?: RefsPlan): Workload {
  const roles = rolePatterns(plan.role ?? {}, plan.rounds ?? undefined)
  let order: ProbeOrder | undefined
  const probeOrder = () => {
    if (plan.probe) order ??= orderProbe(judgedPatterns(plan, judge))
    return order
  }
  return {
    job: headline(plan),
    rounds: plan.expectedRounds,
    tree: { roles },
    asked: askedOf(plan, judge),
    isOneRound: plan.rounds === null && plan.roundsEnd === null,
    timeoutMs: plan.timeout,
    farewellMs: 0,
    check: (settings) => {
      probeOrder() // without a compiler nothing is started
      if (refs === undefined) for (const setting of settings) checkSetting(plan, setting)
    },
    probe: () => {
      const order = probeOrder()
      return order === undefined ? null : { order, afterRound: plan.probeRound ?? plan.expectedRounds }
    },
    start: (stage, setting, { heapFolder }) =>
      startCommand(stage, { plan, setting, judge, probe: probeOrder(), refs, heapFolder }),
    expectedRuntime: ({ values }) => ({
      allocator: values.allocator === undefined ? null : String(values.allocator),
      environment: withoutPreload(variablesOf(plan, values)),
    }),
    steps: ({ values }) => ({
      setup: step(plan, 'setup', values, refs),
      teardown: step(plan, 'teardown', values, refs),
    }),
  }
}

function askedOf({ rounds, roundsEnd, role }: CommandPlan, judge: string): Workload['asked'] {
  const flags = [
    ...(rounds === null ? [] : [`--rounds '${rounds}'`]),
    ...(roundsEnd === null ? [] : [`--rounds-end '${roundsEnd}'`]),
  ]
  const named = role === null ? [] : judgedRoles(judge).filter((one) => role[one] !== undefined)
  return {
    rounds: flags.length === 0 ? null : flags.join(' '),
    roles: named.map((one) => ({ role: one, flag: `--role '${one}=${role![one]}'` })),
    presetRoles: presetRoles(rounds ?? undefined),
  }
}

interface CommandStart {
  plan: CommandPlan
  setting: Setting
  judge: string
  probe: ProbeOrder | undefined
  refs: RefsPlan | undefined
  heapFolder: string | undefined
}

async function startCommand(
  stage: ProcessStarter,
  { plan, setting, judge, probe, refs, heapFolder }: CommandStart,
): Promise<void> {
  const { values } = setting
  const filled = fillingOf(values, probe)
  const cwd = folderOf(plan, filled, refs)
  const own = ownEnvironment(plan, filled, refs)
  const ownRole = judgedRoles(judge)[0]!
  await stage.start({
    role: plan.role === null ? ownRole : roleByPattern(plan, filled),
    name: COMMAND,
    isNamedByCommand: plan.role !== null,
    command: splitCommand(plan.command, filled),
    environment: withHeap(withProbe({ ...own, ...variablesOf(plan, values) }, probe), heapFolder),
    cwd,
    decides: plan.load === null,
    ...(roundsOf(plan, filled, cwd) ?? {}),
  })
  if (plan.ready !== null) {
    await stage.waitForLine(COMMAND, new RegExp(plan.ready))
    for (const role of judgedRoles(judge)) stage.readInitial(role)
  }
  if (plan.load === null) return
  await stage.start({
    role: LOAD,
    name: LOAD,
    command: splitCommand(plan.load, filled),
    environment: own,
    cwd,
    decides: true,
  })
}

function roundsOf(
  { rounds, roundsEnd, log }: CommandPlan,
  filled: Setting['values'],
  cwd: string | undefined,
): Pick<ProcessToStart, 'rounds' | 'roundLog'> | undefined {
  if (rounds === null && roundsEnd === null) return undefined
  return {
    rounds: roundPattern(rounds ?? undefined, roundsEnd ?? undefined),
    ...(log !== null && { roundLog: resolve(cwd ?? '', fillPlaceholders(log, filled)) }),
  }
}

/** Returns patterns of the judged processes; none without roles, for the process that we start. */
function judgedPatterns({ role }: CommandPlan, judge: string): RegExp[] {
  return role === null
    ? []
    : judgedRoles(judge).flatMap((name) => (role[name] === undefined ? [] : [new RegExp(role[name])]))
}

/** Adds the probe to what the setting, the plan or the user's own shell preloads. */
function withProbe(
  environment: Record<string, string | undefined>,
  probe: ProbeOrder | undefined,
): Record<string, string | undefined> {
  if (probe === undefined) return environment
  const preload = 'LD_PRELOAD' in environment ? environment.LD_PRELOAD : process.env.LD_PRELOAD
  return { ...environment, ...probe.environment(preload) }
}

/** Adds the heap measurement to what the setting, the plan or the user's own shell puts there. */
function withHeap(
  environment: Record<string, string | undefined>,
  folder: string | undefined,
): Record<string, string | undefined> {
  if (folder === undefined) return environment
  return { ...environment, ...heapEnvironment(folder, { ...process.env, ...environment }) }
}

/**
 * Returns the role of the command's own process: a pattern may match it; otherwise it is only what
 * started the others.
 */
function roleByPattern(plan: CommandPlan, filled: Setting['values']): string {
  const command = splitCommand(plan.command, filled)
  return nameProcess(command, rolePatterns(plan.role ?? {}, plan.rounds ?? undefined)).role
}

/**
 * Returns values for placeholders: those of the setting, and the libraries to preload, the probe's
 * and the allocator's.
 */
function fillingOf(values: Setting['values'], probe?: ProbeOrder): Setting['values'] {
  if (values.allocator === undefined) return values
  const libraries = [probe?.library, allocatorLibrary(String(values.allocator))].filter((path) => path !== undefined)
  return { ...values, [PRELOAD]: libraries.join(':') }
}

/**
 * Returns the variables that the setting sets for the command and all that it starts. A value that
 * the command places as a placeholder, variable or `{preload}` goes only there.
 */
function variablesOf(plan: CommandPlan, values: Setting['values']): Record<string, string | undefined> {
  const placed = new Set(templatesOf(plan).flatMap(({ text }) => placeholdersIn(text)))
  const free = Object.entries(values).filter(
    ([axis]) => !placed.has(axis) && !(axis === 'allocator' && placed.has(PRELOAD)),
  )
  return settingEnvironment(Object.fromEntries(free.filter(([axis]) => isLaunchAxis(axis) || isVariable(axis))))
}

function isLaunchAxis(axis: string): boolean {
  return axis === 'arenaMax' || axis === 'allocator'
}

/** Leaves the preload out: the loaded library is checked in the process itself. */
function withoutPreload({ LD_PRELOAD: _, ...others }: Record<string, string | undefined>) {
  return others
}

function ownEnvironment(
  plan: CommandPlan,
  filled: Setting['values'],
  refs: RefsPlan | undefined,
): Record<string, string | undefined> {
  const given = Object.fromEntries(
    Object.entries(plan.env).map(([name, value]) => [
      name,
      value === null ? undefined : fillPlaceholders(value, filled),
    ]),
  )
  const tree = treeIn(refs, filled)
  return tree === undefined ? given : { ...environmentIn(refs!, tree), ...given }
}

/** Returns the files of the setting's ref; undefined if refs are not compared. */
function treeIn(refs: RefsPlan | undefined, values: Setting['values']): string | undefined {
  const ref = values[REF_AXIS]
  return refs === undefined || ref === undefined ? undefined : treeOf(refs, String(ref))
}

function folderOf(plan: CommandPlan, filled: Setting['values'], refs?: RefsPlan): string | undefined {
  const tree = treeIn(refs, filled)
  if (tree !== undefined)
    return folderOfCommands(refs!, { cwd: plan.cwd === null ? null : fillPlaceholders(plan.cwd, filled) }, tree)
  return plan.cwd === null ? undefined : resolve(fillPlaceholders(plan.cwd, filled))
}

function step(
  plan: CommandPlan,
  which: 'setup' | 'teardown',
  values: Setting['values'],
  refs: RefsPlan | undefined,
): Step | null {
  const line = plan[which]
  if (line === null) return null
  const filled = fillingOf(values)
  return {
    command: splitCommand(line, filled),
    environment: ownEnvironment(plan, filled, refs),
    cwd: folderOf(plan, filled, refs),
  }
}

/** Reports before the first trial what would fail every one. */
function checkSetting(plan: CommandPlan, { label, values }: Setting): void {
  const filled = fillingOf(values)
  settingEnvironment(values)
  const cwd = folderOf(plan, filled)
  if (cwd === undefined || plan.setup !== null) return // the setup may make it
  if (!existsSync(cwd) || !statSync(cwd).isDirectory())
    throw new UsageError(`the command of the setting ${label} cannot run in ${cwd}: there is no such folder`)
}

function headline(plan: CommandPlan): Record<string, string | number> {
  const text = (line: string | string[]) => (typeof line === 'string' ? line : line.join(' '))
  const roles = Object.entries(plan.role ?? {}).map(([role, source]) => `${role}=${source}`)
  return {
    command: text(plan.command),
    ...(plan.rounds !== null && { rounds: plan.rounds }),
    ...(plan.roundsEnd !== null && { roundsEnd: plan.roundsEnd }),
    ...(plan.log !== null && { log: plan.log }),
    ...(plan.expectedRounds !== null && { expectedRounds: plan.expectedRounds }),
    ...(roles.length > 0 && { role: roles.join(', ') }),
    ...(plan.ready !== null && { ready: plan.ready }),
    ...(plan.probe && { probe: `after ${plan.probeRound === null ? 'the last round' : `round ${plan.probeRound}`}` }),
    ...(plan.load !== null && { load: text(plan.load) }),
    ...(plan.setup !== null && { setup: text(plan.setup) }),
    ...(plan.teardown !== null && { teardown: text(plan.teardown) }),
    ...(Object.keys(plan.env).length > 0 && {
      env: Object.entries(plan.env)
        .map(([name, value]) => (value === null ? `${name} unset` : `${name}=${value}`))
        .join(', '),
    }),
    ...(plan.cwd !== null && { cwd: plan.cwd }),
  }
}
