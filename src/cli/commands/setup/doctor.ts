import pc from 'picocolors'
import { examineMachine } from '../../../doctor/examine.js'
import type { Finding } from '../../../doctor/finding.js'
import { doctorOptions } from '../../../options/recording.js'
import { UsageError } from '../../../shared/errors.js'
import { writeStyled } from '../../output/terminal.js'
import type { Command, CommandInput } from '../../parsing/command.js'

export const command: Command = {
  verb: 'doctor',
  summary: 'Check what this machine offers for measuring memory, what is missing, and how to install it.',
  description: [
    'Checks allocators (each is loaded into a real process), kernel features, limits and programs, without changing',
    'anything. Exits with 1 if something that Tidemark needs for measuring is broken or missing, and with 0 otherwise,',
    'also if something useful is missing.',
  ].join('\n'),
  options: doctorOptions,
  onlyPrints: true,
  examples: ['tidemark doctor', 'tidemark doctor --json'],
  run: runDoctor,
}

async function runDoctor({ options }: CommandInput): Promise<number> {
  if (process.platform !== 'linux')
    throw new UsageError(`tidemark doctor looks at Linux, where memory can be measured; this is ${process.platform}`)
  const findings = examineMachine()
  if (options.json === true) process.stdout.write(`${JSON.stringify({ findings }, null, 2)}\n`)
  else writeStyled(process.stdout, `${report(findings)}\n`)
  const isWell = findings.every(({ state, isRequired }) => state !== 'broken' && !(isRequired && state === 'missing'))
  return isWell ? 0 : 1
}

const GROUPS: Finding['group'][] = ['allocators', 'kernel', 'limits', 'programs']

function report(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const blocks = GROUPS.map((group) => {
    const own = findings.filter((finding) => finding.group === group)
    return [`${group}:`, ...own.flatMap((finding) => lines(finding, width))].join('\n')
  })
  const install = findings.flatMap((finding) => finding.install ?? [])
  return [...blocks, ...(install.length === 0 ? [] : [`To install what is missing:\n${mergeInstalls(install)}`])].join(
    '\n\n',
  )
}

function lines({ name, state, found, path, means }: Finding, width: number): string[] {
  const where = path === undefined ? '' : `  ${path}`
  const first = `  ${SIGNS[state]()} ${name.padEnd(width)}  ${found}${where}`
  return means === undefined ? [first] : [first, `${' '.repeat(width + 10)}${means}`]
}

/**
 * Labels of equal width. They are coloured when they are printed, since only then is it known
 * whether there is a terminal.
 */
const SIGNS: Record<Finding['state'], () => string> = {
  ok: () => color(pc.green)('ok   '),
  note: () => color(pc.yellow)('note '),
  missing: () => color(pc.yellow)('none '),
  broken: () => color(pc.red)('BAD  '),
}

function color(paint: (text: string) => string): (text: string) => string {
  return process.stdout.isTTY === true && pc.isColorSupported ? paint : (text) => text
}

/** Merges `apt-get install a` and `apt-get install b` into one command. */
function mergeInstalls(commands: readonly string[]): string {
  const byInstaller = new Map<string, string[]>()
  for (const command of commands) {
    const [, installer = command, packages = ''] = /^(.*?(?:install|add|-S)) (.*)$/.exec(command) ?? []
    byInstaller.set(installer, [...(byInstaller.get(installer) ?? []), packages])
  }
  return [...byInstaller].map(([installer, packages]) => `  ${installer} ${packages.join(' ')}`.trimEnd()).join('\n')
}
